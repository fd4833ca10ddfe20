"""Logouts that a person begins here, for one session or for all of theirs; over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.responses import JSONResponse

from gateway.errors import StoreUnavailable
from tests.auth.mutations import script_discovery, value_of
from tests.auth.scripted_provider import CLIENT_ID
from tests.cases.runners import LOGOUT, no_runner, runs
from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("logout"), session={"cache_ttl": "1s"}) as found:
        yield found


@pytest.fixture
def gate(stage: GatewayFixture) -> Iterator[GatewayFixture]:
    script = (dict(stage.op.claims), dict(stage.op.discovery), dict(stage.op.answers))
    sign = stage.op.sign
    yield stage
    (stage.op.claims, stage.op.discovery, stage.op.answers), stage.op.sign, stage.op.subject = (
        script,
        sign,
        "alice",
    )
    stage.gateway.areas.people.provider._metadata = None
    stage.clock.ahead += 20


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as found:
        found.log_in()
        yield found


LogIn = Callable[[str, str], Browser]


@pytest.fixture
def log_in(gate: GatewayFixture) -> Iterator[LogIn]:
    """Logs somebody in under this `sid` of the provider."""
    opened: list[Browser] = []

    def one(subject: str, sid: str) -> Browser:
        gate.op.subject = subject
        gate.op.claims["sid"] = sid
        opened.append(gate.browser())
        opened[-1].log_in()
        return opened[-1]

    yield one
    for browser in opened:
        browser.close()


def holds(browser: Browser) -> bool:
    return browser.call("/echo").status_code == 200


def query_of(answer: httpx2.Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


# Begun here


def test_a_logout_goes_through_the_provider_and_comes_back(gate: GatewayFixture, browser: Browser) -> None:
    ticket = gate.ticket(browser)
    away = browser.page("/oauth2/sign_out", **{"sec-fetch-site": "same-origin"})
    assert away.headers["location"].startswith(f"{gate.op.issuer}/v1/logout?")
    query = query_of(away)
    assert query["client_id"] == CLIENT_ID
    assert query["post_logout_redirect_uri"] == f"{gate.url}/oauth2/logout/callback"
    assert len(query["state"]) >= 43
    assert "id_token_hint" not in query
    assert gate.ticket(browser) is None
    assert gate.with_ticket(ticket, "/echo").status_code == 401
    back = browser.page(f"/oauth2/logout/callback?state={query['state']}")
    assert back.status_code == 200
    assert "aanmelddienst van de Vlaamse overheid" in back.text
    assert not [name for name in browser.cookies if "logout" in name]


def test_a_logout_can_come_back_to_a_page_of_this_site_only(gate: GatewayFixture, browser: Browser) -> None:
    state = query_of(browser.page("/oauth2/sign_out?rd=/public/bye"))["state"]
    assert browser.page(f"/oauth2/logout/callback?state={state}").headers["location"] == "/public/bye"
    state = query_of(browser.page("/oauth2/sign_out?rd=//evil.test"))["state"]
    assert browser.page(f"/oauth2/logout/callback?state={state}").headers["location"] == "/"


@pytest.mark.parametrize("state", ["", "?state=", "?state=other", "?state=" + "x" * 43, "?state=%C3%A9"])
def test_a_state_that_is_not_this_browsers_leads_nowhere(
    gate: GatewayFixture, browser: Browser, state: str
) -> None:
    answer = browser.page(f"/oauth2/logout/callback{state}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/"), (
        "somebody who is logged in is not told otherwise"
    )
    browser.page("/oauth2/sign_out?rd=/public/bye")
    answer = browser.page(f"/oauth2/logout/callback{state}")
    assert answer.status_code == 200
    with gate.browser() as stranger:
        assert stranger.page(f"/oauth2/logout/callback{state}").status_code == 200


@pytest.mark.parametrize("value", ["x", "e30", "%%%", "eyJzdGF0ZSI6MX0", "W10", "A" * 5000])
def test_a_cookie_that_somebody_else_made_is_no_error(gate: GatewayFixture, value: str) -> None:
    headers = {"cookie": f"tgp-ti-logout={value}"}
    answer = httpx2.get(f"{gate.url}/oauth2/logout/callback?state=1", headers=headers, trust_env=False)
    assert answer.status_code == 200


def test_another_site_cannot_log_people_out(gate: GatewayFixture, browser: Browser) -> None:
    for path in ("/oauth2/sign_out", "/oauth2/logout/local", "/oauth2/switch"):
        for odd in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
            assert browser.get(path, headers=odd).status_code == 400
    assert holds(browser)


def test_all_sessions_of_a_person_can_end_at_once(gate: GatewayFixture, log_in: LogIn) -> None:
    phone, desk, other = log_in("carol", "c1"), log_in("carol", "c2"), log_in("dave", "d1")
    assert desk.page("/oauth2/sign_out?everywhere=1").status_code == 302
    assert [holds(each) for each in (phone, desk, other)] == [False, False, True]


def test_who_presses_again_after_the_store_failed_is_logged_out_everywhere(
    gate: GatewayFixture, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, desk = log_in("erin", "e1"), log_in("erin", "e2")

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("no answer")

    for fails in ("find", "delete"):
        with monkeypatch.context() as patch:
            patch.setattr(gate.gateway.areas.people.sessions.store, fails, down)
            assert desk.page("/oauth2/logout/local?everywhere=1").status_code == 503
    assert desk.page("/oauth2/logout/local?everywhere=1").status_code == 200
    assert [holds(each) for each in (phone, desk)] == [False, False]


def test_the_provider_can_be_told_by_id_token(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hint")
    with (
        scripted_gateway(folder, provider_settings={"logout": {"hint": "id_token_hint"}}) as gate,
        gate.browser() as browser,
    ):
        browser.log_in()
        query = query_of(browser.page("/oauth2/sign_out"))
        assert query["id_token_hint"].count(".") == 2
        assert "client_id" not in query


# Switching


def test_a_switch_keeps_the_page_and_says_as_whom(gate: GatewayFixture, browser: Browser) -> None:
    away = browser.page("/oauth2/switch?rd=%2Fecho%3Fa%3D1%26b%3D2&doelgroep=EA&organisation=0428315871")
    query = query_of(away)
    assert query["switch"] == "true"
    assert query["client_id"] == CLIENT_ID
    assert not holds(browser)
    back = browser.page(f"/oauth2/logout/callback?state={query['state']}")
    begun = browser.page(back.headers["location"])
    assert "login_hint" in query_of(begun)
    done = browser.through_provider(begun)
    assert done.headers["location"] == "/echo?a=1&b=2"
    assert holds(browser)


def test_a_switch_to_nobody_is_refused_and_ends_nothing(gate: GatewayFixture, browser: Browser) -> None:
    for odd in ("doelgroep=XX", "organisation=0428315871", "doelgroep=EA&organisation=%0d%0a", "rd=/a&rd=/b"):
        assert browser.page(f"/oauth2/switch?{odd}").status_code == 400
    assert holds(browser)


# Begun by the provider


def ends_here(gate: GatewayFixture, browser: Browser, _mutation: dict[str, Any]) -> None:
    gate.gateway.areas.people.provider._metadata = None  # as in a process that began when the provider was so
    assert browser.page("/oauth2/sign_out").status_code == 200


def comes_back_unharmed(_gate: GatewayFixture, browser: Browser, mutation: dict[str, Any]) -> None:
    browser.page("/oauth2/sign_out")
    for state in (f"?state={mutation['post_logout_state']}", ""):
        assert browser.page(f"/oauth2/logout/callback{state}").status_code == 200


def goes_away(_gate: GatewayFixture, browser: Browser, mutation: dict[str, Any]) -> None:
    assert mutation.get("then", "replay_cookie") == "replay_cookie"
    assert browser.page("/oauth2/sign_out").status_code == 302


# What a logout that begins here ends with; afterwards the ticket holds no more.
LEAVING: dict[str, Callable[[GatewayFixture, Browser, dict[str, Any]], None]] = {
    "local_logout": ends_here,
    "ok_no_crash": comes_back_unharmed,
    "reject": goes_away,
    "no_store": goes_away,
}


def through_the_front(gate: GatewayFixture, browser: Browser, case: dict[str, Any]) -> None:
    """A logout that the provider begins in a frame."""
    mutation = case["mutation"]
    values = {"iss": value_of(mutation.get("iss", "$iss"), gate.op, ""), "sid": mutation.get("sid", "s1")}
    answer = httpx2.get(f"{gate.url}/oauth2/logout/frontchannel", params=values, trust_env=False)
    assert answer.status_code == 200
    if case["expected"] == "noop":
        assert holds(browser)
    elif case["expected"] == "frame_allowed_only_here":
        assert "x-frame-options" not in answer.headers
        assert browser.page("/oauth2/logout/callback").headers.get("x-frame-options", "DENY") == "DENY"
    else:
        no_runner(case)


@runs(
    LOGOUT,
    fields=("kind", "expected"),
    mutation=("then", "post_logout_state", "idp", "discovery", "frontchannel", "iss", "sid"),
)
def test_logout_cases(gate: GatewayFixture, browser: Browser, case: dict[str, Any]) -> None:
    mutation, ticket = case["mutation"], gate.ticket(browser)
    if mutation.get("frontchannel"):
        through_the_front(gate, browser, case)
        return
    if case["expected"] not in LEAVING:
        no_runner(case)
    script_discovery(gate.op, mutation.get("discovery", {}))
    if "idp" in mutation:
        assert mutation["idp"] == "down"
        gate.op.answers["discovery"] = lambda _headers: JSONResponse({}, 503)
    seen: list[httpx2.Response] = []
    browser.client.event_hooks["response"].append(seen.append)
    try:
        LEAVING[case["expected"]](gate, browser, mutation)
    finally:
        browser.client.event_hooks["response"].remove(seen.append)
    assert all(answer.headers["cache-control"] == "no-store" for answer in seen)
    assert gate.with_ticket(ticket, "/echo").status_code == 401
