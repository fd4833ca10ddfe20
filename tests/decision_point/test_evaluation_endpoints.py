"""Several evaluations in one question, and what a context may say."""

from __future__ import annotations

import pytest

from gateway.authzen.messages import Unanswerable
from gateway.decision_point.evaluation_endpoints import address_and_moment


def test_a_context_says_from_where_and_when() -> None:
    assert address_and_moment({}) == ("unknown", None)
    assert address_and_moment({"ip": "::ffff:192.0.2.1", "time": "1970-01-01T01:00+01:00"}) == (
        "192.0.2.1",
        0.0,
    )
    assert address_and_moment({"ip": "2001:DB8::1", "os": "any"}) == ("2001:db8::1", None)


@pytest.mark.parametrize("context", [{"ip": ""}, {"ip": "192.0.2.1:80"}, {"ip": ["192.0.2.1"]}, {"time": 0}])
def test_a_context_that_cannot_be_read_is_refused(context: dict[str, object]) -> None:
    with pytest.raises(Unanswerable, match="context"):
        address_and_moment(context)
