"""What works while the session store is down, line by line of docs/fleet.md, and what follows when it is back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from gateway.app import Gateway
from gateway.cli import application
from gateway.config import load
from gateway.errors import StoreUnavailable
from tests.gateway_fixture import OPEN_RULES, Browser, Clock, GatewayFixture, scripted_gateway
from tests.redis_server import RedisServer, running_redis
from tests.waiting import until

pytestmark = pytest.mark.redis
_RATED = {
    "id": "rated",
    "match": {"path": "/rated/**"},
    "require": [{"rate": {"limit": 100, "window": "1m", "per": "client"}}],
}


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[GatewayFixture]:
    session = {"store": redis.tcp_url, "store_grace": "60s", "store_timeout": "5s"}
    folder = tmp_path_factory.mktemp("down")
    with scripted_gateway(folder, session=session, rules=[_RATED, *OPEN_RULES]) as found:
        yield found


def ready(gate: GatewayFixture, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = gate.client.get(f"http://localhost:{gate.observe_port}/readyz{query}")
    return answer.status_code, answer.json()


def metric(gate: GatewayFixture, name: str) -> str:
    text = gate.client.get(f"http://localhost:{gate.observe_port}/metrics").text
    return next(line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name))


def command(gate: GatewayFixture, *arguments: str) -> Result:
    given = [*arguments, "--env", "ti", "--config", str(gate.folder / "config.yaml")]
    return CliRunner().invoke(application(given), given)


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_what_works_while_it_is_down_and_after_it_came_back_empty(
    gate: GatewayFixture, redis: RedisServer
) -> None:
    clock = gate.clock
    assert isinstance(clock, Clock)
    with Browser(gate.url) as here, Browser(gate.url) as other, Browser(gate.url) as stranger:
        here.log_in()
        other.log_in()
        block = ("block", "add", "--organisation", "0777.000.187", "--reason", "r", "--wait")
        assert command(gate, *block).exit_code == 0
        assert ready(gate)[1]["degraded"] == []
        assert other.call("/echo").status_code == here.call("/echo").status_code == 200
        going_there = stranger.go("/oauth2/start?rd=/echo")
        redis.stop()
        clock.ahead += 20.0  # beyond cache_ttl
        _open_ways(gate, stranger)
        _people(here, other, stranger, going_there)
        clock.ahead += 60.0
        assert problem(other.call("/echo")) == (503, "store-unavailable")
        assert command(gate, "sessions", "list").exit_code == 1
        assert command(gate, "block", "list").exit_code == 1
        _no_start(gate)
        redis.start()
        _back(gate, here, stranger)


def _open_ways(gate: GatewayFixture, stranger: Browser) -> None:
    assert stranger.get("/public/x").status_code == 200
    for path in ("/robots.txt", "/.well-known/jwks.json", "/oauth2/client-jwks.json"):
        assert stranger.get(path).status_code == 200, path
    for path in ("healthz", "metrics", "startupz"):
        assert gate.client.get(f"http://localhost:{gate.observe_port}/{path}").status_code == 200, path
    status, body = ready(gate)
    assert (status, body["ready"]) == (200, True)
    assert "sessions" in body["degraded"]
    assert "no answer, so only open paths work" in body["checks"]["sessions"]["detail"]
    assert ready(gate, "?strict")[0] == 503
    assert until(lambda: metric(gate, 'toegangspoort_degraded{check="sessions"}') == "1.0", pause=0.1)
    assert metric(gate, 'toegangspoort_ready{check="sessions"}') == "1.0"


def _people(here: Browser, other: Browser, stranger: Browser, going_there: httpx2.Response) -> None:
    # Who was seen here within cache_ttl and store_grace goes on; the rights are judged as ever.
    assert other.call("/echo").status_code == 200
    assert other.call("/filed/1").status_code == 200
    assert other.call("/oauth2/session").status_code == 200
    # A stranger is sent to the login, and cannot come back from it.
    assert stranger.call("/echo").status_code == 401
    assert stranger.go("/echo").status_code == 302
    assert stranger.at_provider(going_there)
    back = stranger.through_provider(stranger.go("/oauth2/start?rd=/echo"))
    assert back.status_code == 503
    assert not stranger.logged_in
    # A logout is refused, so that nobody takes it for one; this gateway has forgotten the session all the same.
    assert problem(here.request("POST", "/oauth2/logout/local", headers={"accept": "application/json"})) == (
        503,
        "store-unavailable",
    )
    assert problem(here.call("/echo")) == (503, "store-unavailable")
    assert problem(stranger.call("/rated/x")) == (503, "facts-unavailable")


def _no_start(gate: GatewayFixture) -> None:
    another = Gateway(load(gate.folder / "config.yaml"), "ti")

    async def start() -> None:
        async with another.running():
            pass

    with pytest.raises(StoreUnavailable, match="refuses connections"):
        asyncio.run(start())


def _back(gate: GatewayFixture, here: Browser, stranger: Browser) -> None:
    """It has lost everything: people log in again, the block stands, and somebody says so."""
    # The clock that this test moved is the only thing that is wrong.
    assert until(lambda: ready(gate)[1]["degraded"] == ["clock"])
    assert "80 s ahead" in ready(gate)[1]["checks"]["clock"]["detail"]
    assert round(float(metric(gate, "toegangspoort_clock_ahead_seconds"))) == 80
    assert here.call("/echo").status_code == 401
    assert here.log_in().status_code == 302
    assert here.call("/echo").status_code == 200
    assert until(lambda: metric(gate, "toegangspoort_store_lost_total") == "1.0")
    assert until(lambda: "0777000187" in command(gate, "block", "list", "--json").output)
    assert stranger.log_in().status_code == 302
