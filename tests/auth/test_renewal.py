"""Refreshing: the cases of the corpus in which the provider's answer is about somebody else, or lacks something."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.renewal import Renewal
from gateway.auth.settings import ClaimSettings, RightsSettings
from tests.auth.conftest import Side
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.load import load
from tests.gateway_fixture import StillClock

CASES = [case for case in load("token-cases.json") if "refresh" in case["mutation"]]
# One refresh for many requests at once, in all processes: tests/session/test_workers.py.
ELSEWHERE = {"tr-refresh-race"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in ELSEWHERE], ids=lambda case: str(case["id"])
)
async def test_answers_to_a_refresh(
    gate: Any, op: ScriptedProvider, clock: StillClock, case: dict[str, Any]
) -> None:
    side: Side = await gate(userinfo=False)
    renewal = Renewal(side.provider, ClaimSettings(), RightsSettings(), clock=clock)
    await renewal.start()
    finished = await side.browser().log_in()
    identity, tokens = finished.identity, finished.tokens
    mutation = case["mutation"]
    op.claims |= {
        name.removeprefix("id_token_"): value
        for name, value in mutation.items()
        if name.startswith("id_token_")
    }
    op.token_answer |= dict.fromkeys(mutation.get("del", ()), "absent")
    before = op.seen.copy()

    found = await renewal.renew(identity, tokens)

    asked = op.seen - before
    if case["expected"] == "reject":
        assert found is None
        assert "userinfo" not in asked, "no request after that"
        return
    assert case["expected"] == "accept"
    assert found is not None
    assert found[0].subject == "alice"
    assert found[1].access_token != tokens.access_token
    if "refresh_token" in mutation.get("del", ()):
        assert found[1].refresh_token == tokens.refresh_token


def test_every_case_runs() -> None:
    assert {case["id"] for case in CASES} == {
        "tr-extra-id-token-sub", "tr-refresh-iss", "tr-refresh-aud", "tr-refresh-no-id-token",
        "tr-refresh-same-rt", "tr-refresh-race",
    }  # fmt: skip
