"""What a front must do with the client's headers is made once for lines that come again, and always true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.gateway_fixture import CALL, Browser, Clock, GatewayFixture, scripted_gateway
from tests.waiting import until

TIMES = 5
DIALECTS = ("nginx", "haproxy", "traefik", "caddy", "envoy")
ASSERTION = "x-toegangspoort-assertion"
RULES: list[Any] = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {
        "id": "changed",
        "match": {"path": "/changed/**"},
        "require": ["authenticated"],
        "request_headers": {"set": {"X-Tenant": "a"}, "remove": ["Prefer"]},
        "cors": {"origins": ["https://app.example.be"]},
    },
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    fronts = {each: {"dialect": each} for each in DIALECTS} | {"keeps": {"dialect": "nginx", "cache": "30s"}}
    folder = tmp_path_factory.mktemp("register-lines")
    with scripted_gateway(folder, rules=RULES, fronts=fronts, clock=Clock()) as found:
        yield found


@pytest.fixture
def alice(gate: GatewayFixture) -> Browser:
    browser = gate.browser()
    browser.log_in()
    return browser


def ask(gate: GatewayFixture, front: str, browser: Browser, target: str, **headers: str) -> httpx2.Response:
    host = f"localhost:{gate.port}"
    said = {
        **{f"x-{kind}-method": "GET" for kind in ("original", "forwarded")},
        **{f"x-{kind}-uri": target for kind in ("original", "forwarded")},
        "x-forwarded-host": host,
        "host": host,
        "x-forwarded-for": "192.0.2.7",
        "prefer": "mine",
        **headers,
    }
    path = f"/auth{target}" if front == "envoy" else "/auth"
    return gate.client.get(
        f"http://127.0.0.1:{gate.fronts[front]}{path}", headers=browser.headers(CALL | said)
    )


def told(answer: httpx2.Response) -> list[tuple[str, str]]:
    """The header lines of a permission that are the same for the same request."""
    assert answer.status_code == 200, answer.text
    return [line for line in answer.headers.multi_items() if line[0] not in ("x-request-id", ASSERTION)]


@pytest.mark.parametrize("front", [*DIALECTS, "keeps"])
def test_the_same_lines_are_told_the_same_and_others_not(
    gate: GatewayFixture, alice: Browser, front: str
) -> None:
    nobody = gate.browser()
    lists: dict[str, list[tuple[str, str]]] = {}
    for number in range(TIMES):
        for name, who, target, headers in (
            ("open", nobody, "/public/x", {}),
            ("hers", alice, "/public/x", {}),
            ("changed", alice, "/changed/x", {}),
            ("page", alice, "/x", {}),
            ("tagged", alice, "/x", {"if-none-match": f'"{number}"'}),
            ("cross", alice, "/changed/x", {"origin": "https://app.example.be"}),
        ):
            found = told(ask(gate, front, who, target, referer=f"{gate.url}/{number}", **headers))
            assert lists.setdefault(name, found) == found, (name, number)
    users = {name: dict(lines).get("x-forwarded-user") or "" for name, lines in lists.items()}
    assert users == {**dict.fromkeys(lists, users["hers"]), "open": ""}
    assert users["hers"]
    assert ("x-tenant", "a") in lists["changed"]
    assert ("x-tenant", "a") not in lists["page"]
    assert dict(lists["page"])["prefer"] == "mine"
    assert not dict(lists["changed"]).get("prefer")
    cors = "access-control-allow-origin"
    assert [name for name, lines in lists.items() if cors in dict(lines)] == ["cross"]


@pytest.mark.parametrize("front", ["nginx", "envoy"])
def test_an_assertion_that_is_signed_anew_is_told(gate: GatewayFixture, alice: Browser, front: str) -> None:
    first = {ask(gate, front, alice, "/x").headers[ASSERTION] for _ in range(TIMES)}
    assert len(first) == 1
    gate.clock.ahead += gate.gateway.settings.assertion.ttl / 2 + 1
    second = {ask(gate, front, alice, "/x").headers[ASSERTION] for _ in range(TIMES)}
    assert len(second) == 1
    assert first.isdisjoint(second)


@pytest.mark.parametrize("front", ["caddy", "haproxy"])
def test_a_forged_header_is_refused_each_time(gate: GatewayFixture, alice: Browser, front: str) -> None:
    for _ in range(TIMES):
        assert ask(gate, front, alice, "/x").status_code == 200
        assert ask(gate, front, alice, "/x", x_forwarded_user="root").status_code in (400, 403)
        assert ask(gate, front, alice, "/x", upgrade="h2c").status_code in (400, 403)


def test_a_value_of_the_client_that_differs_each_time_is_its_own(
    gate: GatewayFixture, alice: Browser
) -> None:
    """Where another rule changes a header, the front is told the client's: also one of those that often differ."""
    path = Path(gate.folder) / "config.yaml"
    before, first = path.read_text("utf-8"), gate.gateway.areas.rules.reload.rules()
    document = yaml.safe_load(before)
    document["rules"][0]["request_headers"] = {"remove": ["Referer"], "set": {"X-New": "b"}}
    for _ in range(TIMES):
        assert "referer" not in dict(told(ask(gate, "nginx", alice, "/x", referer="http://localhost/0")))
    path.write_text(yaml.safe_dump(document), "utf-8")
    try:
        assert until(lambda: gate.gateway.areas.rules.reload.rules() is not first, 30)
        for number in range(TIMES):
            mine = f"http://localhost/{number}"
            lines = dict(told(ask(gate, "nginx", alice, "/x", referer=mine)))
            assert (lines["referer"], lines["x-new"]) == (mine, "")
            assert "referer" in dict(told(ask(gate, "nginx", alice, "/public/x", referer=mine)))
    finally:
        path.write_text(before, "utf-8")
    assert until(lambda: gate.gateway.areas.rules.reload.rules().hash == first.hash, 30)
