"""Which settings of transmitters are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.auth.signal_settings import SignalsSettings

AGREED = {"issuer": "https://ssf.example.be", "audience": "https://register.example.be"}


@pytest.mark.parametrize(
    "transmitters",
    [
        [],
        [AGREED, AGREED],
        [{"issuer": "https://ssf.example.be"}],
        [{**AGREED, "issuer": "http://ssf.example.be"}],
        [{**AGREED, "audience": ""}],
        [{**AGREED, "jwks_uri": "http://ssf.example.be/jwks"}],
        [{**AGREED, "jwks_uri": "/jwks"}],
        [{**AGREED, "authorization": "Bearer secret"}],
        [{**AGREED, "algorithms": ["none"]}],
        [{**AGREED, "algorithms": ["HS256"]}],
        [{**AGREED, "credential_changes": ["create"]}],
    ],
)
def test_what_is_refused(transmitters: list[Any]) -> None:
    with pytest.raises(ValidationError):
        SignalsSettings.model_validate({"transmitters": transmitters})


def test_what_is_taken_without_being_written() -> None:
    (found,) = SignalsSettings.model_validate({"transmitters": [AGREED]}).transmitters
    assert (found.algorithms, found.credential_changes) == (("RS256",), ("revoke", "delete"))
