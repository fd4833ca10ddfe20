"""The corpus of odd callbacks, each to a whole gateway: none ends in a session but the good ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2
import pytest

from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.load import load
from tests.gateway_fixture import PAGE, Browser, GatewayFixture, StillClock, whole_gateway

CASES = {case["id"]: case for case in load("token-cases.json") if case["kind"] == "callback"}
# Answers that are told as they should: the request is not for us (400, 404, 405) or proves nothing (400).
REFUSED = (400, 404, 405)


@pytest.fixture
def clock(whole: GatewayFixture) -> Any:
    return whole.clock


@pytest.fixture
def op(whole: GatewayFixture) -> ScriptedProvider:
    return whole.op


def begun(visitor: Browser) -> str:
    """The target of a callback that would be good."""
    return visitor.at_provider(visitor.go("/echo?page=2"))


def changed(target: str, mutation: dict[str, Any], op: ScriptedProvider) -> str:
    query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    if "raw_query" in mutation:
        raw = mutation["raw_query"].replace("$state", quote(query["state"])).replace("$iss", quote(op.issuer))
        return f"/oauth2/callback?{raw}"
    query |= {name: str(value).replace("$iss", op.issuer) for name, value in mutation.get("set", {}).items()}
    query = {name: value for name, value in query.items() if name not in mutation.get("del", ())}
    return f"{mutation.get('path', '/oauth2/callback')}?{urlencode(query)}"


def sent(visitor: Browser, target: str, mutation: dict[str, Any]) -> httpx2.Response:
    headers = {**PAGE, **mutation.get("headers", {})}
    options: dict[str, Any] = {}
    if "host" in mutation:
        headers["host"] = mutation["host"]
    if mutation.get("method") == "POST":
        path, _, query = target.partition("?")
        body = mutation.get("body", query)
        if "fields" in mutation:
            body = "&".join(f"f{number}=1" for number in range(mutation["fields"]))
        headers["content-type"] = mutation.get("content_type", "application/x-www-form-urlencoded")
        options = {"method": "POST", "content": body.encode()}
        target = path
    return visitor.go(target, headers=headers, **options)


PLAIN = [case for case in CASES.values() if case["expected"] in ("reject", "reject_unless_configured", "reject_or_404")
         and not {"from_other_browser", "replay", "state_age_s", "scheme", "discovery"} & case["mutation"].keys()]  # fmt: skip


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: str(case["id"]))
def test_refused(whole: GatewayFixture, caplog: pytest.LogCaptureFixture, case: dict[str, Any]) -> None:
    op = whole.op
    visitor = whole.browser()
    answer = sent(visitor, changed(begun(visitor), case["mutation"], op), case["mutation"])
    assert answer.status_code in REFUSED
    assert not visitor.logged_in
    assert op.seen["token"] == 0, "the code goes nowhere"
    assert "<script" not in answer.text
    told = answer.text + caplog.text
    assert "\u202e" not in told
    assert "\nX: y" not in told
    assert not any(code in told for code in op.grants)


def test_iss_where_the_provider_says_that_it_sends_it(
    tmp_path: Path, op: ScriptedProvider, clock: StillClock
) -> None:
    """Cases cb-iss-ok and cb-iss-missing-supported."""
    op.discovery["authorization_response_iss_parameter_supported"] = True
    with whole_gateway(tmp_path, op, clock) as whole:
        silent = whole.browser()
        assert silent.log_in().status_code == 400
        assert not silent.logged_in
        assert op.seen["token"] == 0
        op.callback["iss"] = op.issuer
        visitor = whole.browser()
        answer = visitor.log_in("/echo?page=2")
        assert (answer.status_code, answer.headers["location"]) == (302, "/echo?page=2")
        assert visitor.go("/echo").status_code == 200


def test_another_browser(whole: GatewayFixture) -> None:
    """Case cb-state-other-browser: login CSRF."""
    target = begun(whole.browser())
    other = whole.browser()
    assert other.go(target).status_code == 400
    begun(other)
    assert other.go(target).status_code == 400, "not with cookies of its own either"
    assert not other.logged_in


def test_the_same_callback_twice(whole: GatewayFixture) -> None:
    """Case cb-state-replay: also where somebody put the cookies back."""
    visitor = whole.browser()
    target = begun(visitor)
    before = dict(visitor.cookies)
    assert visitor.go(target).status_code == 302
    visitor.cookies = before
    answer = visitor.go(target)
    assert answer.status_code == 400
    assert not visitor.logged_in
    assert whole.op.seen["token"] == 1


def test_too_late(tmp_path: Path, op: ScriptedProvider, clock: StillClock) -> None:
    """Case cb-state-expired."""
    with whole_gateway(tmp_path, op, clock) as whole:
        visitor = whole.browser()
        target = begun(visitor)
        clock.now += 3_600
        assert visitor.go(target).status_code == 400
        assert not visitor.logged_in


def test_two_tabs(whole: GatewayFixture) -> None:
    """Case cb-two-tabs: both come to their own page."""
    visitor = whole.browser()
    first, second = visitor.go("/echo/1"), visitor.go("/echo/2")
    for answer, page in ((first, "/echo/1"), (second, "/echo/2")):
        back = visitor.go(visitor.at_provider(answer))
        assert back.headers["location"] == page
        assert visitor.logged_in


def test_looking_ahead_has_no_effect(whole: GatewayFixture) -> None:
    """Case cb-prefetch."""
    visitor = whole.browser()
    target = begun(visitor)
    ahead = {**PAGE, "sec-purpose": "prefetch;prerender"}
    assert visitor.go(target, headers=ahead).status_code == 400
    assert visitor.go("/oauth2/start?rd=/echo", headers=ahead).status_code == 400
    assert visitor.go("/echo", headers=ahead).status_code == 401, "no login begins"
    assert whole.op.seen["token"] == 0
    assert visitor.go(target).headers["location"] == "/echo?page=2"


def test_login_required_ends_on_a_page(whole: GatewayFixture) -> None:
    """Case cb-login-required: no loop."""
    visitor = whole.browser()
    answer = visitor.go(changed(begun(visitor), CASES["cb-login-required"]["mutation"], whole.op))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_over_http_the_login_is_not_even_sent(
    tmp_path: Path, op: ScriptedProvider, clock: StillClock
) -> None:
    """Case cb-on-http: a browser sends the cookie of a login over https to this one host only, so it proves nothing."""
    with whole_gateway(tmp_path, op, clock, public_url="https://gw.test") as whole:
        visitor = whole.browser()
        answer = visitor.go("/echo", headers=PAGE)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        target = visitor.at_provider(answer)
        visitor.cookies = {}
        assert visitor.go(target, headers=PAGE).status_code == 400
        assert not visitor.logged_in


def test_another_host_name_of_ours(tmp_path: Path, op: ScriptedProvider, clock: StillClock) -> None:
    """Case cb-other-host, where that host is one of ours: the login begins and ends at the public address only."""
    with whole_gateway(tmp_path, op, clock, edge={"hosts": ["alt.gw.test"]}) as whole:
        visitor = whole.browser()
        target = begun(visitor)
        there = {**PAGE, "host": "alt.gw.test"}
        answer = visitor.go(target, headers=there)
        assert answer.status_code == 400
        assert "host-mismatch" in answer.text
        assert not visitor.logged_in
        for page in ("/echo?a=1", "/oauth2/start?rd=%2Fecho%3Fa%3D1"):
            sent_on = visitor.go(page, headers=there).headers["location"]
            assert sent_on == f"{whole.url}/oauth2/start?rd=%2Fecho%3Fa%3D1"


TOLD: dict[str, Callable[..., None]] = {
    "cb-iss-ok": test_iss_where_the_provider_says_that_it_sends_it,
    "cb-iss-missing-supported": test_iss_where_the_provider_says_that_it_sends_it,
    "cb-state-other-browser": test_another_browser,
    "cb-state-replay": test_the_same_callback_twice,
    "cb-state-expired": test_too_late,
    "cb-two-tabs": test_two_tabs,
    "cb-prefetch": test_looking_ahead_has_no_effect,
    "cb-login-required": test_login_required_ends_on_a_page,
    "cb-on-http": test_over_http_the_login_is_not_even_sent,
    "cb-other-host": test_another_host_name_of_ours,
}


def test_every_case_runs() -> None:
    assert {case["id"] for case in PLAIN} | TOLD.keys() == CASES.keys()
