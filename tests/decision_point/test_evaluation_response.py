"""What an answer says beside yes or no; with a gateway this is tested in test_evaluation."""

from __future__ import annotations

from typing import Any, NoReturn

from gateway.authzen.messages import Unanswerable
from gateway.decision_point.evaluation_response import EvaluationResponses, unanswerable_response
from gateway.errors import Blocked, GatewayError, LoginRequired, UnderMaintenance
from gateway.exchange import Exchange
from tests.pages.test_problem import DENIED, PROBLEMS

RESPONSES = EvaluationResponses(PROBLEMS, "en")


async def _none(*_: object) -> NoReturn:
    raise AssertionError


def _said(error: GatewayError) -> dict[str, Any]:
    exchange = Exchange({"type": "http", "headers": []}, _none, _none, 0.0, error=error)
    answer = RESPONSES.decision(exchange)
    assert answer["decision"] is False
    found: dict[str, Any] = answer["context"]
    return found


def test_operators_and_people_read_different_reasons() -> None:
    found = _said(Blocked("block b1", block="b1"))
    assert found["reason_admin"] == {"403": "blocked"}
    assert "403" in found["reason_user"]
    assert "block" not in found
    assert _said(UnderMaintenance({}, 60.0, retry_after=60, maintenance="m1"))["retry_after"] == 60
    assert _said(DENIED)["plans"]


def test_the_means_of_a_login_are_one_text() -> None:
    found = _said(LoginRequired("no session", acr_values=("urn:a", "urn:b")))
    assert found["acr_values"] == "urn:a urn:b"
    assert found["reason_admin"] == {"401": "no session"}


def test_a_question_that_cannot_be_answered_is_denied_with_its_error() -> None:
    assert unanswerable_response(Unanswerable("why", 404)) == {
        "decision": False,
        "context": {"error": {"status": 404, "message": "why"}},
    }
