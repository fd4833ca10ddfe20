"""Ways out: begun here, begun by the provider, for one session or for all of a person; over HTTP."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.responses import JSONResponse

from tests.auth.mutations import FIELDS, encoded, script_discovery, script_token, value_of
from tests.auth.scripted_provider import CLIENT_ID, signed
from tests.cases.runners import LOGOUT, LOGOUT_TOKEN, no_runner, runs
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
    stage.gateway.provider._metadata = None
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


def logout_claims(gate: GatewayFixture, **changes: Any) -> dict[str, Any]:
    now = int(gate.clock())
    claims = {
        "iss": gate.op.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": f"{gate.clock()}-{id(changes)}",
        "sub": "alice", "sid": "s1", "events": {EVENT: {}},
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def told(gate: GatewayFixture, token: str, **options: Any) -> httpx2.Response:
    return httpx2.post(
        f"{gate.url}/oauth2/logout/backchannel",
        **({"data": {"logout_token": token}} | options),
        trust_env=False,
    )


def test_a_logout_token_ends_the_session_it_names(gate: GatewayFixture, log_in: LogIn) -> None:
    one, two, other = log_in("erin", "e1"), log_in("erin", "e2"), log_in("frank", "f1")
    answer = told(gate, signed(logout_claims(gate, sub="erin", sid="e1")))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert [holds(each) for each in (one, two, other)] == [False, True, True]
    assert told(gate, signed(logout_claims(gate, sub="erin", sid=None), typ="logout+jwt")).status_code == 200
    assert [holds(each) for each in (one, two, other)] == [False, False, True]


def test_a_logout_token_ends_streams_too(gate: GatewayFixture, log_in: LogIn) -> None:
    browser = log_in("grace", "g1")
    with browser.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: x"
        assert told(gate, signed(logout_claims(gate, sub="grace", sid="g1"))).status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in lines:
                pass


# What the answer may be, and whether the session that is named goes on.
TOLD: dict[str, tuple[tuple[int, ...], bool]] = {
    "accept_200_or_204": ((200, 204), False),
    "reject_400": ((400,), True),
    "reject_405_or_400": ((400, 405), True),
    "reject_400_or_noop": ((200, 400), True),
    "only_idp2": ((400,), True),
}
SYMBOLS = {"$alice_sid": "s1", "$iss2": "https://other.test/op"}
DELIVERY = ("method", "in_query", "raw_body", "content_type", "replay", "use_id_token", "signed_by")


def token_of(gate: GatewayFixture, mutation: dict[str, Any]) -> str:
    """The logout token of a case."""
    payload = dict(mutation.get("payload", {}))
    payload["set"] = {name: SYMBOLS.get(str(value), value) for name, value in payload.get("set", {}).items()}
    if "nonce" not in payload["set"]:
        payload["del"] = [*payload.get("del", []), "nonce"]
    signer = {"sign": {"key": mutation["signed_by"], "alg": "RS256"}} if "signed_by" in mutation else {}
    script_token(gate.op, mutation | signer | {"payload": payload})
    claims = logout_claims(gate) | {"nonce": "n"}
    if mutation.get("use_id_token"):
        claims = {name: value for name, value in claims.items() if name not in ("events", "jti")}
    token, gate.op.sign = gate.op.sign(claims), signed
    return token


def deliver(gate: GatewayFixture, token: str, mutation: dict[str, Any]) -> httpx2.Response:
    """Send the token in the way of the case."""
    address = f"{gate.url}/oauth2/logout/backchannel"
    form = "application/x-www-form-urlencoded"
    if mutation.get("method", "POST") != "POST":
        query = {"logout_token": token}
        return httpx2.request(mutation["method"], address, params=query, trust_env=False)
    if mutation.get("in_query"):
        return httpx2.post(address, params={"logout_token": token}, data={}, trust_env=False)
    second = signed(logout_claims(gate))
    body = mutation.get("raw_body", "logout_token=$t").replace("$t2", second).replace("$t", token)
    kind = {"content-type": mutation.get("content_type", form)}
    return httpx2.post(address, content=body, headers=kind, trust_env=False)


@runs(LOGOUT_TOKEN, fields=("kind", "expected"), mutation=(*FIELDS, *DELIVERY))
def test_logout_token_cases(gate: GatewayFixture, log_in: LogIn, case: dict[str, Any]) -> None:
    mutation: dict[str, Any] = dict(case["mutation"])
    if case["expected"] not in TOLD:
        no_runner(case)
    statuses, goes_on = TOLD[case["expected"]]
    browser, other = log_in("alice", "s1"), log_in("bob", "b1")
    token = token_of(gate, mutation)
    if mutation.get("replay"):
        assert deliver(gate, token, mutation).status_code == 200
        browser = log_in("alice", "s1")
    answer = deliver(gate, token, mutation)
    assert answer.status_code in statuses
    assert holds(other)
    assert holds(browser) is goes_on
    assert answer.headers["cache-control"] == "no-store"


def test_a_logout_token_counts_again_where_the_store_could_not_do_it(
    gate: GatewayFixture, log_in: LogIn
) -> None:
    browser = log_in("heidi", "h1")
    token = signed(logout_claims(gate, sub="heidi", sid="h1"))
    with contextlib.closing(sqlite3.connect(gate.folder / "var" / "ti.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert told(gate, token, timeout=20).status_code == 503
    assert told(gate, token).status_code == 200
    assert not holds(browser)


def test_a_front_channel_logout_ends_its_session_and_may_be_framed(
    gate: GatewayFixture, log_in: LogIn
) -> None:
    browser, other = log_in("ivan", "i1"), log_in("judy", "j1")
    address = f"{gate.url}/oauth2/logout/frontchannel"
    for odd in ({}, {"sid": "i1"}, {"iss": gate.op.issuer}, {"iss": f"{gate.op.issuer}/", "sid": "i1"}):
        answer = httpx2.get(address, params=odd, trust_env=False)
        assert answer.status_code == 400
        assert "frame-ancestors" not in answer.headers.get(
            "content-security-policy", "frame-ancestors 'none'"
        ).replace("frame-ancestors 'none'", "")
    assert holds(browser)
    answer = httpx2.get(address, params={"iss": gate.op.issuer, "sid": "i1"}, trust_env=False)
    origin = gate.op.issuer.removesuffix("/op")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == f"default-src 'none'; frame-ancestors {origin}"
    assert "x-frame-options" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert [holds(each) for each in (browser, other)] == [False, True]


def ends_here(gate: GatewayFixture, browser: Browser, _mutation: dict[str, Any]) -> None:
    gate.gateway.provider._metadata = None  # as in a process that began when the provider was so
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


def unsigned(claims: dict[str, Any]) -> str:
    head = encoded(b'{"alg":"none","kid":"k1"}')
    return f"{head}.{encoded(json.dumps(claims).encode())}."


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"events": None}, signed),
        ({"nonce": "n"}, signed),
        ({"aud": "other"}, signed),
        ({"iss": "https://evil.test"}, signed),
        ({}, unsigned),
    ],
    ids=["no-event", "with-nonce", "wrong-aud", "wrong-iss", "alg-none"],
)
def test_logout_tokens_of_the_conformance_suite(
    gate: GatewayFixture, browser: Browser, changes: dict[str, Any], sign: Callable[[dict[str, Any]], str]
) -> None:
    """oidcc-client-test-rp-backchannel-rpinitlogout-*: each is refused with 400, and the session goes on."""
    assert told(gate, sign(logout_claims(gate, **changes))).status_code == 400
    assert holds(browser)
