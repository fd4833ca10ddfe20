"""Policies that ask, in a whole gateway: limits, an engine, an example of one's own; and what people are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.login import login
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.gateways import PLUGINS
from tests.running import raw_upstream, serving

EXAMPLES = str(Path(__file__).parent.parent.parent / "examples/plugins")


class Engine:
    """Allows what is asked about /engine/yes, and breaks when it is told to."""

    broken = False

    async def respond(self, request: Request) -> JSONResponse:
        asked = await request.json()
        if self.broken:
            return JSONResponse({"result": True}, status_code=500)
        return JSONResponse(
            {"result": {"allow": asked["input"]["path"] == "/engine/yes", "reason": "not-that"}}
        )


def rules(engine_url: str) -> list[dict[str, Any]]:
    def rule(name: str, *require: Any) -> dict[str, Any]:
        return {"id": name, "match": {"path": f"/{name}/**"}, "require": list(require)}

    engine = {"remote": {"url": engine_url}}
    return [
        rule("limited", {"rate": {"limit": 2, "window": "1h", "per": "client"}}),
        rule("engine", engine),
        rule("either", {"any": [engine, "authenticated"]}),
        rule("own", {"email-domain": ["nergens.example"]}),
    ]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def gate(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with ExitStack() as stack:
        served = stack.enter_context(
            serving(Starlette(routes=[Route("/", engine.respond, methods=["POST"])]))
        )
        upstream = stack.enter_context(raw_upstream())
        yield stack.enter_context(
            gateway_fixture(
                tmp_path_factory.mktemp("facts"),
                backend=upstream,
                rules=rules(f"http://127.0.0.1:{served.port}/"),
                plugins=(PLUGINS, EXAMPLES),
            )
        )


def get(gate: GatewayFixture, path: str, **headers: str) -> httpx2.Response:
    return httpx2.get(gate.url + path, headers=headers, trust_env=False)


def test_a_limit_answers_429_and_when_to_come_back(gate: GatewayFixture) -> None:
    assert [get(gate, "/limited/x").status_code for _ in range(3)] == [200, 200, 429]
    answer = get(gate, "/limited/x")
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    problem = answer.json()
    assert (problem["code"], problem["missing"][0][0]["kind"]) == ("too-many-requests", "rate")
    page = get(
        gate, "/limited/x", accept="text/html", **{"accept-language": "nl", "sec-fetch-mode": "navigate"}
    )
    assert page.status_code == 429
    assert "Te veel aanvragen in korte tijd" in page.text


def test_the_engine_decides_and_the_record_says_what_it_said(gate: GatewayFixture) -> None:
    assert get(gate, "/engine/yes").status_code == 200
    refused = get(gate, "/engine/no")
    assert refused.status_code == 403
    record = gate.records_with(refused.headers["x-request-id"])[0]
    assert record["reason"] == "not-that"
    assert record["facts"] == {"remote:engine": {"allow": False, "reason": "not-that"}}


def test_an_engine_that_fails_refuses_and_hides_nothing_else(gate: GatewayFixture, engine: Engine) -> None:
    engine.broken = True
    try:
        answer = get(gate, "/engine/yes")
        assert (answer.status_code, answer.json()["code"]) == (503, "facts-unavailable")
        assert answer.headers["retry-after"]
        # Something else would help: then that is told, and with it the request goes through.
        assert get(gate, "/either/x").status_code == 401
        assert get(gate, "/either/x", cookie=login(gate.url, "indiener")).status_code == 200
    finally:
        engine.broken = False


def test_a_policy_of_ones_own(gate: GatewayFixture) -> None:
    assert get(gate, "/own/x").status_code == 401
    answer = get(gate, "/own/x", cookie=login(gate.url, "indiener"))
    assert answer.status_code == 403
    assert answer.json()["missing"][0][0]["detail"] == "e-mail @nergens.example"
