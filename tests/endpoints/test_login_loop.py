"""Browsers that go round by the login without being logged in: where they are stopped, and which cause they read."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.auth.flow import FlowCookies, LoginIntent
from gateway.endpoints.login_loop import LoopCookie, RecentLogins
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import PAGE, PRESSED, Browser, GatewayFixture, StillClock


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
    return str(whole.gateway.areas.observers.metrics.exposition()[0]) + caplog.text


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


def test_clocks_that_differ_are_named_with_the_difference(
    whole: GatewayFixture, op: ScriptedProvider, clock: StillClock
) -> None:
    op.clock = lambda: clock.now + 600
    visitor = whole.browser()
    first = visitor.log_in()
    assert first.status_code == 400
    assert "10 minuten" in first.text
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


def test_tabs_that_log_in_side_by_side_do_not_go_round(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    begun = [visitor.go(f"/echo/{tab}") for tab in range(6)]
    back = [visitor.at_provider(each) for each in begun]
    for tab in range(6):
        assert visitor.go(back[tab]).headers["location"] == f"/echo/{tab}"
    slow = visitor.go("/oauth2/start?rd=/echo/slow")
    assert visitor.through_provider(slow).headers["location"] == "/echo/slow"
    del visitor.cookies[whole.session_cookie]  # a request that was under way with the ticket of another tab
    assert visitor.go("/echo/slow").status_code == 302


def test_logins_that_fail_side_by_side_do_not_go_round(whole: GatewayFixture, op: ScriptedProvider) -> None:
    visitor = whole.browser()
    begun = [visitor.go(f"/echo/{tab}") for tab in range(4)]
    op.callback.update(code=None, error="access_denied")
    failed = [visitor.go(back) for back in [visitor.at_provider(each) for each in begun]]
    assert [("keer" in each.text, each.status_code) for each in failed] == [(False, 400)] * 4


def test_how_long_a_login_took_does_not_matter(whole: GatewayFixture, clock: StillClock) -> None:
    visitor = whole.browser()
    visitor.log_in()
    visitor.log_in()
    back = visitor.at_provider(visitor.go("/oauth2/start?rd=/echo"))
    clock.now += 120
    assert visitor.go(back).status_code == 302
    assert visitor.cookies["tgp-ti-rounds"].startswith("1."), "the two before it were a while ago"


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
    assert cookie.read({"__Host-tgp-ti-rounds": value}, 1_800_000_001) == RecentLogins(0, "")


def test_the_count_is_kept_for_a_minute() -> None:
    cookie = LoopCookie(environment="ti", secure=True)
    line = cookie.after(RecentLogins(2, "ok").with_one("clock-skew", before=2), 1_800_000_000.5)
    assert (
        line
        == "__Host-tgp-ti-rounds=3.1800000000.clock-skew; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    found = cookie.read({"__Host-tgp-ti-rounds": "3.1800000000.clock-skew"}, 1_800_000_001)
    assert (found, found.too_many, found.cause(has_ticket=False)) == (
        RecentLogins(3, "clock-skew"),
        True,
        "clock-skew",
    )


WEBKIT = PAGE | {
    "upgrade-insecure-requests": "1",
    "sec-fetch-site": "same-origin",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
}
START = "/oauth2/start?rd=/echo"


def after(whole: GatewayFixture, rounds: int) -> Browser:
    """A browser that went through the login so often."""
    visitor = whole.browser()
    visitor.cookies["tgp-ti-rounds"] = f"{rounds}.{int(whole.clock())}.ok"
    return visitor


@pytest.mark.parametrize("page", ["/echo", "/oauth2/callback?code=x&state=y", "/oauth2/start?rd=%2Fecho"])
def test_a_press_in_webkit_counts_as_one(whole: GatewayFixture, page: str) -> None:
    pressed = WEBKIT | {"referer": whole.url + page}
    assert after(whole, 3).go(START, headers=pressed).status_code == 302
    assert after(whole, 10).go(START, headers=pressed).status_code == 400, "nobody presses that often"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"referer": "https://elsewhere.example/echo"},
        {"referer": "{url}/another/page"},
        {"referer": "{url}/oauth2/fragment?rd=%2Fecho"},
        {"referer": "{url}/echo", "sec-fetch-site": "cross-site"},
        {"referer": "{url}/echo", "sec-fetch-dest": "iframe"},
        {"referer": "{url}/echo", "sec-ch-ua": '"Chromium";v="140"'},
        {"referer": "{url}/echo", "user-agent": "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0"},
        {
            "referer": "{url}/echo",
            "user-agent": "Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
        },
    ],
)
def test_what_a_page_does_by_itself_stays_stopped(whole: GatewayFixture, headers: dict[str, str]) -> None:
    sent = WEBKIT | {name: value.replace("{url}", whole.url) for name, value in headers.items()}
    assert after(whole, 3).go(START, headers=sent).status_code == 400


def test_a_page_that_asks_again_and_again_of_somebody_who_is_logged_in(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    for _ in range(3):
        visitor.log_in()
    stopped = visitor.go(START)
    assert stopped.status_code == 400
    assert "asked-again" in stopped.text


def test_a_browser_without_cookies_is_told_so_after_one_more_try(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    visitor.refuses = lambda _name: True
    again = visitor.log_in()
    assert again.status_code == 302
    ended = visitor.through_provider(again)
    assert ended.status_code == 400
    assert "flow-unknown" in ended.text


def test_a_login_that_another_tab_overtook_goes_on_to_its_page(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    first = visitor.at_provider(visitor.go("/echo/1"))
    for number in range(2, 32):
        whole.clock.now += 1
        visitor.go(f"/echo/{number}")
    begun = visitor.go(first)
    assert begun.headers["location"].startswith(f"{whole.op.issuer}/v1/auth?"), "its cookie had to make room"
    assert visitor.through_provider(begun).headers["location"] == "/echo/1"
    assert visitor.go(first).headers["location"] == "/echo/1", "with a session it just goes on"


def test_a_failed_callback_that_is_loaded_again_begins_again(
    whole: GatewayFixture, op: ScriptedProvider
) -> None:
    op.callback["iss"] = "https://elsewhere.example/op"
    visitor = whole.browser()
    callback = visitor.at_provider(visitor.go("/echo/x?y=1"))
    assert "issuer-mismatch" in visitor.go(callback).text
    del op.callback["iss"]
    again = visitor.go(callback)
    assert visitor.through_provider(again).headers["location"] == "/echo/x?y=1"


def test_a_login_begins_again_after_the_key_was_replaced(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    others = FlowCookies(environment="ti", keys=(b"o" * 32,), secure=False, lifetime=600)
    state = others.begin(LoginIntent("/echo/x", whole.clock())).state
    again = visitor.go(f"/oauth2/callback?code=x&state={state}")
    assert visitor.through_provider(again).headers["location"] == "/"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("temporarily_unavailable", "provider-busy"),
        ("invalid_scope", "provider-refused"),
        ("access_denied", "access-denied"),
    ],
)
def test_what_the_provider_says_is_named(whole: GatewayFixture, error: str, reason: str) -> None:
    visitor = whole.browser()
    state = parse_qs(urlsplit(visitor.go("/echo/x").headers["location"]).query)["state"][0]
    answer = visitor.go(f"/oauth2/callback?error={error}&state={state}")
    assert answer.status_code == 400
    assert reason in answer.text
    assert "/oauth2/start?rd=%2Fecho%2Fx" in answer.text


def test_who_must_choose_at_the_provider_is_sent_there_once(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    answer = visitor.go("/echo/x")
    for status in (302, 400):
        state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
        answer = visitor.go(f"/oauth2/callback?error=interaction_required&state={state}")
        assert answer.status_code == status
