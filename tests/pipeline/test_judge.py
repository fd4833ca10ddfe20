"""An open stream is judged again by the same stages, on what holds by now."""

from __future__ import annotations

from typing import Any

from gateway.errors import LoginRequired
from gateway.exchange import Exchange
from tests.gateway_fixture import Browser, GatewayFixture


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
    pipeline = gate.gateway.pipeline
    asked = exchange(gate, b"/public/x", None)
    pipeline.admit(asked)
    await pipeline.judge(asked)
    assert asked.judgement is not None
    assert asked.judgement.decision is not None
    assert asked.judgement.decision.allowed
    assert await pipeline.judge.again(asked) is None


async def test_nobody_at_a_path_that_needs_somebody_is_told_why(gate: GatewayFixture) -> None:
    pipeline = gate.gateway.pipeline
    asked = exchange(gate, b"/echo", None)
    pipeline.admit(asked)
    assert isinstance(await pipeline.judge.again(asked), LoginRequired)


def test_a_judge_gets_the_time_of_each_judgement(gate: GatewayFixture, alice: Browser) -> None:
    assert gate.ticket(alice) is not None
    assert gate.gateway.pipeline.judge.clock is gate.clock
