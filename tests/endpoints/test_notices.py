"""The provider reports that its sessions ended: back-channel and front-channel logout, over HTTP."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from tests.auth.mutations import FIELDS, encoded, script_token
from tests.auth.scripted_provider import CLIENT_ID, signed
from tests.cases.runners import LOGOUT_TOKEN, no_runner, runs
from tests.endpoints.test_logout import EVENT, LogIn, browser, gate, holds, log_in, stage
from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway

__all__ = ["browser", "gate", "log_in", "stage"]


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


def test_a_logout_by_subject_leaves_who_logged_in_after_it(gate: GatewayFixture, log_in: LogIn) -> None:
    before = log_in("hanna", "h1")
    token = signed(logout_claims(gate, sub="hanna", sid=None))
    gate.clock.ahead += 60
    after = log_in("hanna", "h2")
    assert told(gate, token).status_code == 200
    assert [holds(each) for each in (before, after)] == [False, True]


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


def test_a_logout_reaches_a_login_that_is_under_way(tmp_path: Path) -> None:
    told_meanwhile: list[int] = []
    options = {"provider_settings": {"userinfo": True}, "session": {"store": "memory:"}}
    with scripted_gateway(tmp_path, **options) as site, site.browser() as person:
        site.op.claims["sid"] = "u1"

        def ended_meanwhile(_asked: dict[str, Any]) -> Response:
            # The code is redeemed by now, and there is no session yet.
            told_meanwhile.append(told(site, signed(logout_claims(site, sid="u1"))).status_code)
            return JSONResponse({"sub": "alice"})

        site.op.answers["userinfo"] = ended_meanwhile
        assert person.log_in().headers["location"] == "/echo"
        assert told_meanwhile == [200]
        assert not holds(person)
        del site.op.answers["userinfo"]
        site.clock.ahead += 60
        person.log_in()
        assert holds(person), "a login that begins after it"
