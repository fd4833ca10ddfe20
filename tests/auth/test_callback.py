"""The cases of odd callbacks, each to a whole gateway: none ends in a session but the good ones."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2
import pytest

from gateway.pages import render
from tests.auth.mutations import script_discovery, value_of
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.runners import CALLBACK, no_runner, runs
from tests.gateway_fixture import PAGE, Browser, GatewayFixture, whole_gateway

# Answers to what is not for us (404, 405) or proves nothing (400); or the login begins again (302).
REFUSED = (302, 400, 404, 405)
# What a case expects, as we decided it where the case leaves it open.
EXPECTED = {
    "reject": "reject",
    "reject_unless_configured": "reject",
    "reject_or_404": "reject",
    "reject_or_no_effect": "reject",
    "no_loop": "reject",
    "accept": "accept",
    "accept_both": "accept",
}
# Members of a mutation that change the callback's query, and those that change the request.
QUERY = ("set", "del", "raw_query", "path", "valid_code")
REQUEST = ("method", "body", "fields", "content_type", "headers", "host", "scheme")
STORY = {"from_other_browser", "replay", "state_age_s", "two_tabs", "discovery"}
OTHER_HOST = "alt.gw.test"
COPY = (Path(render.__file__).parent / "copy.js").read_text("utf-8")


def begun(browser: Browser, target: str = "/echo?page=2") -> str:
    """The target of a callback that would be good."""
    return browser.at_provider(browser.go(target))


def changed(target: str, mutation: dict[str, Any], op: ScriptedProvider) -> str:
    """The target of a callback as the case wants it; its code holds unless the case changes it."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    if "raw_query" in mutation:
        raw = mutation["raw_query"].replace("$state", quote(query["state"])).replace("$iss", quote(op.issuer))
        return f"/oauth2/callback?{raw}"
    query |= {
        name: str(value_of(value, op, "")).replace("$state", query["state"])
        for name, value in mutation.get("set", {}).items()
    }
    query = {name: value for name, value in query.items() if name not in mutation.get("del", ())}
    return f"{mutation.get('path', '/oauth2/callback')}?{urlencode(query)}"


def sent(browser: Browser, target: str, mutation: dict[str, Any]) -> httpx2.Response:
    headers = {**PAGE, **mutation.get("headers", {})}
    if "host" in mutation:
        headers["host"] = mutation["host"]
    if "scheme" in mutation:
        # Over http a browser doesn't even send the cookie of a login that began over https.
        assert mutation["scheme"] == "http"
        assert all(name.startswith("__Host-") for name in browser.cookies)
        browser.cookies = {}
    if mutation.get("method", "GET") == "GET":
        return browser.go(target, headers=headers)
    path, _, query = target.partition("?")
    body = mutation.get("body", query)
    if "fields" in mutation:
        body = "&".join(f"f{number}=1" for number in range(mutation["fields"]))
    headers["content-type"] = mutation.get("content_type", "application/x-www-form-urlencoded")
    return browser.go(path, method=mutation["method"], headers=headers, content=body.encode())


@contextlib.contextmanager
def gateway_for(whole: GatewayFixture, mutation: dict[str, Any], folder: Path) -> Iterator[GatewayFixture]:
    """The gateway of the module; one of its own where the case is about how that is set up."""
    if not mutation.keys() & {"discovery", "scheme", "host"}:
        yield whole
        return
    script_discovery(whole.op, mutation.get("discovery", {}))
    public: dict[str, Any] = {"public_url": "https://gw.test"} if "scheme" in mutation else {}
    hosts = {"edge": {"hosts": [mutation["host"]]}} if "host" in mutation else {}
    with whole_gateway(folder, whole.op, whole.clock, **public, **hosts) as found:
        yield found


@runs(CALLBACK, fields=("kind", "expected"), mutation=(*QUERY, *REQUEST, *STORY))
def test_callback_cases(
    whole: GatewayFixture, tmp_path: Path, caplog: pytest.LogCaptureFixture, case: dict[str, Any]
) -> None:
    mutation = case["mutation"]
    story = mutation.keys() & STORY - {"discovery"}
    if case["expected"] not in EXPECTED or (story and len(mutation) > 1):
        no_runner(case)
    with gateway_for(whole, mutation, tmp_path) as gate:
        if mutation.get("two_tabs"):
            both_come_to_their_own_page(gate)
        elif mutation.get("replay"):
            it_counts_once(gate)
        else:
            one_callback(gate, case, caplog)


def one_callback(gate: GatewayFixture, case: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    mutation, op = case["mutation"], gate.op
    browser = gate.browser()
    good = begun(browser)
    target = changed(good, mutation, op)
    if mutation.get("from_other_browser"):
        browser = gate.browser()
        assert begins_again(browser.go(target), op)
        begun(browser)  # not with the cookies of its own login either
    gate.clock.now += mutation.get("state_age_s", 0)
    answer = sent(browser, target, mutation)
    if EXPECTED[case["expected"]] == "accept":
        assert (answer.status_code, answer.headers["location"]) == (302, "/echo?page=2")
        assert browser.logged_in
        return
    assert answer.status_code in REFUSED
    assert begins_again(answer, op) is (answer.status_code == 302)
    assert not browser.logged_in
    assert op.seen["token"] == 0, "the code goes nowhere"
    scripts = re.findall("<script[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    assert set(scripts) <= {COPY}, "no script but the page's own"
    told = answer.text + caplog.text
    assert "\u202e" not in told
    assert "\nX: y" not in told
    assert not any(code in told for code in op.grants)
    if case["expected"] == "reject_or_no_effect":
        assert browser.go(good).headers["location"] == "/echo?page=2"


def begins_again(answer: httpx2.Response, op: ScriptedProvider) -> bool:
    """Whether this refuses the callback, and sends the browser to the provider for a login of its own."""
    return answer.headers.get("location", "").startswith(f"{op.issuer}/v1/auth?")


def both_come_to_their_own_page(gate: GatewayFixture) -> None:
    browser = gate.browser()
    first, second = browser.go("/echo/1"), browser.go("/echo/2")
    for answer, page in ((first, "/echo/1"), (second, "/echo/2")):
        assert browser.through_provider(answer).headers["location"] == page
        assert browser.logged_in


def it_counts_once(gate: GatewayFixture) -> None:
    """Also where somebody put the cookies back."""
    browser = gate.browser()
    target = begun(browser)
    before = dict(browser.cookies)
    assert browser.go(target).status_code == 302
    browser.cookies = before
    assert begins_again(browser.go(target), gate.op)
    assert not browser.logged_in
    assert gate.op.seen["token"] == 1


def test_looking_ahead_begins_no_login(whole: GatewayFixture) -> None:
    ahead = {**PAGE, "sec-purpose": "prefetch;prerender"}
    browser = whole.browser()
    assert browser.go("/oauth2/start?rd=/echo", headers=ahead).status_code == 400
    assert browser.go("/echo", headers=ahead).status_code == 401


def test_a_login_at_another_host_of_ours_begins_at_the_public_address(
    whole: GatewayFixture, tmp_path: Path
) -> None:
    with whole_gateway(tmp_path, whole.op, whole.clock, edge={"hosts": [OTHER_HOST]}) as gate:
        browser = gate.browser()
        there = {**PAGE, "host": OTHER_HOST}
        assert "host-mismatch" in browser.go(begun(browser), headers=there).text
        for page in ("/echo?a=1", "/oauth2/start?rd=%2Fecho%3Fa%3D1"):
            sent_on = browser.go(page, headers=there).headers["location"]
            assert sent_on == f"{gate.url}/oauth2/start?rd=%2Fecho%3Fa%3D1"
