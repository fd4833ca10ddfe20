"""Browsers that go round by the login without being logged in: where they are stopped, and which cause they read."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.endpoints.login_loop import LoopCookie, Rounds
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import PRESSED, Browser, GatewayFixture, StillClock


@pytest.fixture
def clock(whole: GatewayFixture) -> Any:
    return whole.clock


@pytest.fixture
def op(whole: GatewayFixture) -> ScriptedProvider:
    return whole.op


def go_round(visitor: Browser, *, most: int = 10) -> tuple[int, str]:
    """(rounds, the page on which it ends) of a browser that follows every redirect."""
    for number in range(most):
        answer = visitor.go("/echo")
        if answer.status_code != 302:
            return number, answer.text
        answer = visitor.go(visitor.at_provider(answer))
        assert answer.status_code == 302
    raise AssertionError("it goes round for ever")


def told(whole: GatewayFixture, caplog: pytest.LogCaptureFixture) -> str:
    return str(whole.gateway.metrics.exposition()[0]) + caplog.text


def test_a_session_cookie_that_does_not_come_back(
    whole: GatewayFixture, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = whole.browser()
    visitor.refuses = lambda name: name.endswith("-session")
    rounds, page = go_round(visitor)
    assert rounds == 3
    assert "cookie-missing" in page
    assert "3 keer" in page
    logged = told(whole, caplog)
    assert 'logins_total{result="cookie-missing"} 1.0' in logged
    assert "login loop stopped" in logged
    problem = visitor.go("/oauth2/start?rd=/echo", headers={"accept": "application/json"}).json()
    assert (problem["reason"], problem["cause"], problem["rounds"]) == ("login-loop", "cookie-missing", 3)


def test_a_store_that_forgets(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    for _ in range(3):
        visitor.log_in()
        visitor.cookies["tgp-ti-session"] = "x" * 43  # what this worker has never heard of
    answer = visitor.go("/echo")
    assert answer.status_code == 400
    assert "session-lost" in answer.text


@pytest.mark.parametrize("way_out", ["switch", "sign_out", "logout/local"])
def test_whoever_leaves_a_session_does_not_go_round(whole: GatewayFixture, way_out: str) -> None:
    visitor = whole.browser()
    for _ in range(5):
        assert visitor.log_in().status_code == 302
        assert visitor.go(f"/oauth2/{way_out}").status_code in (200, 302)
        assert not any(name.endswith("-rounds") for name in visitor.cookies)
    visitor.refuses = lambda name: name.endswith("-session")
    visitor.log_in()
    visitor.go(f"/oauth2/{way_out}")
    assert any(name.endswith("-rounds") for name in visitor.cookies), "no session was ended"


def test_a_person_may_always_try_again_and_time_heals(whole: GatewayFixture, clock: StillClock) -> None:
    visitor = whole.browser()
    visitor.refuses = lambda name: name.endswith("-session")
    go_round(visitor)
    assert visitor.go("/oauth2/start?rd=/echo").status_code == 400
    assert visitor.go("/oauth2/start?rd=/echo", headers=PRESSED).status_code == 302
    clock.now += 61
    assert visitor.go("/echo").status_code == 302


def test_clocks_that_differ_are_named_with_the_seconds(
    whole: GatewayFixture, op: ScriptedProvider, clock: StillClock
) -> None:
    op.clock = lambda: clock.now + 600
    visitor = whole.browser()
    first = visitor.log_in()
    assert first.status_code == 400
    assert "600 seconden" in first.text
    assert "clock-skew" in first.text
    visitor.log_in()
    third = visitor.log_in()
    assert "3 keer" in third.text
    stopped = visitor.go("/echo")
    assert stopped.status_code == 400
    assert "clock-skew" in stopped.text


def test_a_login_that_took_too_long(whole: GatewayFixture, clock: StillClock) -> None:
    visitor = whole.browser()
    back = visitor.at_provider(visitor.go("/echo"))
    clock.now += 3_600
    again = visitor.go(back)
    assert again.headers["location"].startswith(f"{whole.op.issuer}/v1/auth?"), "it begins again"
    assert "flow-expired" in visitor.call(back).text, "a script reads why"
    assert visitor.through_provider(again).headers["location"] == "/echo"


def test_another_issuer(whole: GatewayFixture, op: ScriptedProvider) -> None:
    op.callback["iss"] = "https://authenticatie.vlaanderen.be/op"
    assert "issuer-mismatch" in whole.browser().log_in().text


def test_a_forged_callback_does_not_count(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    for _ in range(5):
        assert visitor.go("/oauth2/callback?state=x&code=y").status_code == 400
    assert visitor.go("/echo").status_code == 302


@pytest.mark.parametrize(
    "value", ["", "0.1800000000.ok", "3.x.ok", "3.1800000000.OK", "3.1700000000.ok", "9" * 500]
)
def test_a_count_of_another_form_counts_as_none(value: str) -> None:
    cookie = LoopCookie(environment="ti", secure=True)
    assert cookie.read({"__Host-tgp-ti-rounds": value}, 1_800_000_001) == Rounds(0, "")


def test_the_count_is_kept_for_a_minute() -> None:
    cookie = LoopCookie(environment="ti", secure=True)
    line = cookie.after(Rounds(2, "ok"), "clock-skew", 1_800_000_000.5)
    assert (
        line
        == "__Host-tgp-ti-rounds=3.1800000000.clock-skew; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    found = cookie.read({"__Host-tgp-ti-rounds": "3.1800000000.clock-skew"}, 1_800_000_001)
    assert (found, found.too_many, found.cause(has_ticket=False)) == (
        Rounds(3, "clock-skew"),
        True,
        "clock-skew",
    )
