"""The error that a denial ends a request with."""

from __future__ import annotations

import pytest

from gateway.errors import Forbidden, GatewayError, LoginFailed, TooManyRequests
from gateway.model import Decision, Missing
from gateway.pipeline.authorize import refusal

RIGHT = Missing("right", "grant", right="Lezer")
RATE = Missing("rate", "wait", detail="2026-11-24T11:05:00+00:00")
NOW = 1_795_518_270.5  # 2026-11-24T11:04:30.5Z


def denial(*alternatives: tuple[Missing, ...]) -> Decision:
    return Decision(False, "r", "no", alternatives)


def test_only_a_limit_says_when_to_come_back() -> None:
    error = refusal(denial((RATE,)), NOW)
    assert isinstance(error, TooManyRequests)
    assert (error.status, error.facts["retry_after"]) == (429, 30)


@pytest.mark.parametrize(
    "decision", [denial(), denial((RIGHT,)), denial((RATE, RIGHT)), denial((RATE,), (RIGHT,))]
)
def test_whatever_else_is_missing_makes_it_a_denial(decision: Decision) -> None:
    error = refusal(decision, NOW)
    assert type(error) is Forbidden
    assert error.status == 403


def test_a_limit_that_is_over_by_now_is_tried_again_at_once() -> None:
    assert refusal(denial((RATE,)), NOW + 3_600).facts["retry_after"] == 1


def test_codes_are_unique_and_details_stay_inside() -> None:
    def below(kind: type[GatewayError]) -> list[type[GatewayError]]:
        return [kind, *(each for part in kind.__subclasses__() for each in below(part))]

    codes = [kind.code for kind in below(GatewayError) if kind.__module__ == "gateway.errors"]
    # InternalFault is the root under its own name.
    assert len(set(codes)) == len(codes) - 1
    failed = LoginFailed("state-missing", "for the log only")
    assert failed.facts == {"reason": "state-missing"}
