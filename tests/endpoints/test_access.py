"""/oauth2/access over HTTP, with real sessions: what is open to me, what is not, and who helps."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.plan import RuleAccess
from tests.endpoints.test_forwarding import ask
from tests.gateway_fixture import GatewayFixture, scripted_gateway


def rules(answer: httpx2.Response) -> dict[str, tuple[bool, str]]:
    return {each["rule"]: (each["allowed"], each["path"]) for each in answer.json()["rules"]}


def test_who_has_the_right_and_who_has_not(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    answer = ask(gate, "/oauth2/access", cookies["indiener"], accept="application/json")
    assert answer.status_code == 200, answer.text
    own = answer.json()["organisation"]
    assert rules(answer) == {
        "open": (True, "/public/**"),
        "own": (True, f"/organisaties/{own}/meldingen/**"),
        "echo": (True, "/echo/**"),
        "home": (True, "/"),
    }
    assert answer.json()["expires_at"] > time.time()
    answer = ask(gate, "/oauth2/access", cookies["zonder-recht"], accept="application/json")
    assert rules(answer)["own"][0] is False
    (plan,) = answer.json()["rules"][1]["plans"]
    assert [step["granted_by"]["en"] for step in plan] == ["your local administrator"]


def test_the_page(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    page = ask(gate, "/oauth2/access", cookies["indiener"], accept="text/html", **{"accept-language": "en"})
    assert page.status_code == 200
    assert "My access" in page.text
    assert "Where you have access" in page.text
    assert page.headers["cache-control"] == "no-store"
    page = ask(gate, "/oauth2/access", cookies["indiener"], accept="text/html", **{"accept-language": "nl"})
    assert "Mijn toegang" in page.text


def test_nobody_is_sent_to_the_login_and_comes_back(gate: GatewayFixture) -> None:
    page = ask(gate, "/oauth2/access", accept="text/html")
    assert page.status_code == 302
    assert "/op/v1/auth" in page.headers["location"]
    refused = ask(gate, "/oauth2/access", accept="application/json")
    assert refused.status_code == 401
    assert refused.json()["code"] == "login-required"


def test_it_is_read_only(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    answer = httpx2.post(
        f"{gate.url}/oauth2/access", headers={"cookie": cookies["indiener"]}, trust_env=False, timeout=60
    )
    assert answer.status_code == 405


def test_one_at_a_time_a_few_wait_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, calls = threading.Event(), threading.Event(), []

    def slowly(*_rules: Any, now: float, **_given: Any) -> tuple[RuleAccess, ...]:
        calls.append(now)
        asked.set()
        assert go_on.wait(60)
        return ()

    monkeypatch.setattr("gateway.assembly.own_endpoints.access_of", slowly)
    with scripted_gateway(tmp_path) as site, site.browser() as browser, ThreadPoolExecutor(12) as pool:
        browser.log_in()
        ticket = site.ticket(browser)
        try:
            waiting = [pool.submit(site.with_ticket, ticket, "/oauth2/access") for _ in range(12)]
            assert asked.wait(60)
            refused = [each.result() for _, each in zip(range(7), as_completed(waiting), strict=False)]
            assert browser.call("/echo").status_code == 200
        finally:
            go_on.set()
        assert {(each.status_code, each.headers["retry-after"]) for each in refused} == {(503, "5")}
        assert [each.result().status_code for each in waiting].count(200) == 5
        assert len(calls) == 1, "the answer is kept for the others"
        site.clock.ahead += 11
        assert site.with_ticket(ticket, "/oauth2/access").status_code == 200
        assert len(calls) == 2
