"""Names and attributes that cannot be meant are refused when the configuration is loaded."""

import pytest

from gateway.identity.headers import OutgoingHeaders
from gateway.identity.settings import AssertionSettings, HeaderSettings
from gateway.plugin import UnknownName


def test_what_cannot_be_meant_is_refused_at_load() -> None:
    with pytest.raises(UnknownName) as caught:
        OutgoingHeaders({"X-Auth-User": "sub"})
    assert caught.value.name == "sub"
    assert {"subject", "organisation.code", "claims.NAME"} <= set(caught.value.known)
    with pytest.raises(UnknownName):
        OutgoingHeaders({"X-Auth-User": "claims."})
    with pytest.raises(ValueError, match="belongs to the request itself"):
        OutgoingHeaders({"X_Forwarded_For": "subject"})
    with pytest.raises(ValueError, match="not the name of a header"):
        OutgoingHeaders({"X-Auth\r\nUser": "subject"})
    with pytest.raises(ValueError, match="the same to many backends"):
        OutgoingHeaders({"X-Proof": "subject"}, "x_proof")
    with pytest.raises(ValueError, match="X-A and x_a are the same header"):
        HeaderSettings.model_validate({"headers": {"X-A": "subject", "x_a": "name"}})


@pytest.mark.parametrize("ttl", ["4s", "11m"])
def test_the_lifetime_of_an_assertion_is_bounded(ttl: str) -> None:
    with pytest.raises(ValueError, match="ttl"):
        AssertionSettings.model_validate({"key": "file:a.pem", "ttl": ttl}, context={})
