"""For how long nginx may use a permission again: never longer than it is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.bound_browser import BoundBrowser
from tests.gateway_fixture import CALL, RIGHTS, Browser, GatewayFixture, scripted_gateway
from tests.gateways import PLUGINS

OWN = '''
"""A policy that does not say what it looks at."""

from gateway.plugin import Allow, Policy


class Whim(Policy, name="whim"):
    """Allows."""

    def decide(self, facts):
        return Allow()
'''
RULES: list[Any] = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/{kbo}"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "near", "match": {"path": "/near"}, "require": [{"network": {"any_of": ["192.0.2.0/24"]}}]},
    {
        "id": "counted",
        "match": {"path": "/counted"},
        "require": ["anyone", {"rate": {"limit": 9, "window": "1m", "per": "client"}}],
    },
    {"id": "strong", "match": {"path": "/strong"}, "require": [{"assurance": {"any_of": ["itsme"]}}]},
    {
        "id": "office",
        "match": {"path": "/office"},
        "require": ["anyone", {"schedule": {"hours": {"mon-sun": "08:00-18:00"}}}],
    },
    {"id": "whim", "match": {"path": "/whim"}, "require": ["whim"]},
    {"id": "live", "match": {"path": "/live"}, "require": ["anyone"], "websocket": True},
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("lifetime")
    own = folder / "own"
    own.mkdir()
    (own / "whim.py").write_text(OWN)
    with scripted_gateway(
        folder,
        rules=RULES,
        plugins=(PLUGINS, str(own)),
        fronts={"main": {"dialect": "nginx", "cache": "40s"}},
        session={"idle_timeout": "4h", "max_lifetime": "8h", "recheck": "1h", "bound": {}},
        assertion={"ttl": "400s"},
    ) as found:
        yield found


@pytest.fixture
def alice(gate: GatewayFixture) -> Iterator[Browser]:
    gate.op.claims.update({**RIGHTS, "acr": "urn:be:vlaanderen:authmech:itsme"})
    with gate.browser() as found:
        found.log_in()
        yield found


def lasts(gate: GatewayFixture, target: str, method: str = "GET", **headers: str) -> int:
    """The seconds that the gateway gives."""
    said = {
        **CALL,
        "host": f"localhost:{gate.port}",
        "x-original-method": method,
        "x-original-uri": target,
        "x-forwarded-for": "192.0.2.7",
        **headers,
    }
    answer = gate.client.get(f"http://127.0.0.1:{gate.fronts['main']}/auth", headers=said)
    assert answer.status_code == 200, (target, answer.status_code)
    assert ("cache-control" in answer.headers) is (answer.headers["x-accel-expires"] == "0")
    return int(answer.headers["x-accel-expires"])


def test_a_permission_of_rights_lasts_as_set(gate: GatewayFixture, alice: Browser) -> None:
    """nginx keeps it until the clock has counted one second more: for 39 to 40 seconds."""
    assert lasts(gate, "/filed/1", **alice.headers(None)) == 39
    assert lasts(gate, "/public/x") == 39


@pytest.mark.parametrize("target", ["/near", "/counted", "/whim"])
def test_what_looks_at_more_is_asked_each_time(gate: GatewayFixture, target: str) -> None:
    assert lasts(gate, target) == 0


def test_a_stronger_means_is_asked_for_each_time(gate: GatewayFixture, alice: Browser) -> None:
    assert lasts(gate, "/strong", **alice.headers(None)) == 0


def test_it_ends_when_the_rule_closes(gate: GatewayFixture) -> None:
    now = datetime.fromtimestamp(gate.clock(), ZoneInfo("Europe/Brussels"))
    closing = now.replace(hour=18, minute=0, second=0, microsecond=0)
    if closing - now < timedelta(minutes=1):
        closing += timedelta(days=1)
    gate.clock.ahead += closing.timestamp() - now.timestamp() - 20
    assert 5 <= lasts(gate, "/office") <= 19


def test_so_are_methods_that_change_something_websockets_and_new_cookies(
    gate: GatewayFixture, alice: Browser
) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert lasts(gate, "/filed/1", method, **alice.headers(None)) == 0
    key = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13"}
    assert lasts(gate, "/live", **key) == 0
    assert lasts(gate, "/public/x", cookie=f"{gate.session_cookie}=no-ticket") == 0
    assert lasts(gate, "/public/x", **{"sec-purpose": "prefetch"}) == 0


def test_it_ends_before_the_session_must_be_rechecked(gate: GatewayFixture, alice: Browser) -> None:
    gate.clock.ahead += 3_575
    assert 10 <= lasts(gate, "/filed/1", **alice.headers(None)) <= 25


def test_a_permission_of_a_bound_session_ends_with_its_proof(gate: GatewayFixture) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        bound.log_in()
        assert lasts(gate, "/filed/1", **plain.headers(None)) == 39
        gate.clock.ahead += 610
        assert 10 <= lasts(gate, "/filed/1", **plain.headers(None)) <= 20
