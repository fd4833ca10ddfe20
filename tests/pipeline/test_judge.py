"""An open stream is judged again by the same stages, on what holds by now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import LoginRequired
from gateway.exchange import Exchange
from tests.gateway_fixture import Browser, EchoUpstream, GatewayFixture, gateway_fixture
from tests.waiting import until


async def never(*_: object) -> Any:
    raise AssertionError("judging neither reads nor sends")


def exchange(gate: GatewayFixture, path: bytes, ticket: str | None) -> Exchange:
    headers = [(b"host", gate.url.removeprefix("http://").encode())]
    if ticket is not None:
        headers.append((b"cookie", f"{gate.session_cookie}={ticket}".encode()))
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": headers,
    }
    return Exchange(scope, never, never, gate.clock())


async def test_nobody_at_an_open_path_goes_on(gate: GatewayFixture) -> None:
    pipeline = gate.gateway.stages.pipeline
    asked = exchange(gate, b"/public/x", None)
    pipeline.admit(asked)
    await pipeline.judge(asked)
    assert asked.judgement is not None
    assert asked.judgement.decision is not None
    assert asked.judgement.decision.allowed
    assert await pipeline.judge.again(asked) is None


async def test_nobody_at_a_path_that_needs_somebody_is_told_why(gate: GatewayFixture) -> None:
    pipeline = gate.gateway.stages.pipeline
    asked = exchange(gate, b"/echo", None)
    pipeline.admit(asked)
    assert isinstance(await pipeline.judge.again(asked), LoginRequired)


def test_a_judge_gets_the_time_of_each_judgement(gate: GatewayFixture, alice: Browser) -> None:
    assert gate.ticket(alice) is not None
    assert gate.gateway.stages.pipeline.judge.clock is gate.clock


@pytest.mark.parametrize("when_full", ["deny", "continue"])
def test_nothing_reaches_the_register_without_a_record_where_that_is_denied(
    tmp_path: Path, when_full: str
) -> None:
    observe = {"records_when_full": when_full}
    with gateway_fixture(tmp_path, backend=EchoUpstream(), observe=observe) as gate:
        public, ready = f"{gate.url}/public/x", f"http://127.0.0.1:{gate.observe_port}/readyz"

        def records() -> dict[str, Any]:
            found: dict[str, Any] = gate.client.get(ready).json()["checks"]["records"]
            return found

        assert gate.client.get(public).status_code == 200
        assert records() == {"ready": True, "degraded": False, "detail": ""}
        aside = gate.records.with_name("aside")
        gate.records.rename(aside)
        gate.records.symlink_to("/dev/full")
        seen = len(gate.upstream.seen)
        assert until(lambda: gate.client.get(public) and bool(records()["detail"]), 10.0)
        assert "No space left on device" in records()["detail"]
        answer = gate.client.get(public, headers={"accept": "application/json"})
        if when_full == "deny":
            assert (answer.status_code, answer.json()["code"]) == (503, "records-unavailable")
            assert gate.client.get(ready).status_code == 503
            # The register must be able to check assertions, and people to log out.
            assert gate.client.get(f"{gate.url}/.well-known/jwks.json").status_code == 200
            before = len(gate.upstream.seen)
            assert [gate.client.get(public).status_code for _ in range(3)] == [503, 503, 503]
            assert len(gate.upstream.seen) == before
        else:
            assert (answer.status_code, gate.client.get(ready).status_code) == (200, 200)
            assert records()["degraded"]
            assert len(gate.upstream.seen) > seen
        gate.records.unlink()
        aside.rename(gate.records)
        assert until(lambda: gate.client.get(public).status_code == 200 and not records()["detail"], 10.0)
        let_through = [each[1] for each in gate.upstream.seen]

    def allowed() -> list[Any]:
        lines = gate.records.read_bytes().splitlines()
        return [each for each in map(json.loads, lines) if each.get("verdict") == "allow"]

    assert len(allowed()) == len(let_through), "each request that reached the register has its record"
