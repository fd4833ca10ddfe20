"""The cases of refreshing: the provider's answer is about somebody else, lacks something, or many ask at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateway.auth.renewal import Renewal
from gateway.auth.settings import ClaimSettings, RightsSettings
from tests.auth.conftest import Side
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.runners import REFRESH, no_runner, runs
from tests.gateway_fixture import StillClock, scripted_gateway

CHANGES = ("set", "del", "id_token_sub", "id_token_iss", "id_token_aud")


@runs(REFRESH, fields=("kind", "expected"), mutation=("refresh", "concurrency", *CHANGES))
async def test_refresh_cases(
    gate: Any, op: ScriptedProvider, clock: StillClock, tmp_path: Path, case: dict[str, Any]
) -> None:
    mutation, expected = case["mutation"], case["expected"]
    if expected == "one_refresh":
        await asyncio.to_thread(many_requests_cause_one_refresh, tmp_path, mutation["concurrency"])
        return
    if expected not in ("accept", "reject") or "concurrency" in mutation:
        no_runner(case)
    side: Side = await gate(userinfo=False)
    renewal = Renewal(side.provider, ClaimSettings(), RightsSettings(), clock=clock)
    await renewal.start()
    finished = await side.browser().log_in()
    identity, tokens = finished.identity, finished.tokens
    op.claims |= {
        name.removeprefix("id_token_"): value
        for name, value in mutation.items()
        if name.startswith("id_token_")
    }
    op.token_answer |= mutation.get("set", {}) | dict.fromkeys(mutation.get("del", ()), "absent")
    before = op.seen.copy()

    found = await renewal.renew(identity, tokens)

    if expected == "reject":
        assert found is None
        assert "userinfo" not in op.seen - before, "no request after that"
        return
    assert found is not None
    assert found[0].subject == "alice"
    assert found[1].access_token != tokens.access_token
    if "refresh_token" in mutation.get("del", ()):
        assert found[1].refresh_token == tokens.refresh_token


def many_requests_cause_one_refresh(folder: Path, number: int) -> None:
    with scripted_gateway(folder, session={"recheck": "15m"}) as gate:
        browser = gate.browser()
        browser.log_in()
        ticket, before = gate.ticket(browser), gate.op.seen["token"]
        gate.clock.ahead += 1_000
        with ThreadPoolExecutor(number) as pool:
            answers = list(pool.map(lambda _: gate.with_ticket(ticket, "/echo"), range(number)))
        assert {answer.status_code for answer in answers} == {200}
        assert gate.op.seen["token"] - before == 1
