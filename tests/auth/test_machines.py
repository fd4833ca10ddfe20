"""Programs with a bearer token, to a whole gateway: who gets in, who is told what, and how often the provider is asked."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from gateway.auth.machines import bearer_token
from gateway.errors import BadRequest
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider, signed
from tests.gateway_fixture import PAGE, GatewayFixture, StillClock, whole_gateway

RULES = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {
        "id": "api",
        "match": {"path": "/api/{kbo}/**"},
        "require": [
            {"machine": {"scopes": ["ncr_indienen", "ncr_lezen"]}},
            {"organisation": {"equals": "{kbo}"}},
        ],
    },
    {"id": "bulk", "match": {"path": "/bulk"}, "require": [{"machine": {"audience": ["ncr-bulk"]}}]},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
API = "/api/0456789034/meldingen"
OPAQUE = "opaque-token-of-a-program-with-43-characters-"


@pytest.fixture
def clock(whole: GatewayFixture) -> Any:
    return whole.clock


@pytest.fixture
def op(whole: GatewayFixture) -> ScriptedProvider:
    return whole.op


def make_whole(folder: Path, op: ScriptedProvider, clock: StillClock, **changes: Any) -> Any:
    (folder / "api.secret").write_text(SECRET)
    (folder / "api.secret").chmod(0o600)
    machines = {
        "introspection": {
            "client_id": CLIENT_ID,
            "client_auth": {"method": "client_secret_basic", "secret": "file:api.secret"},
            "audience": ["ncr-api"],
        },
        "issuers": [{"issuer": op.issuer, "audience": "https://ncr.test/api"}],
        **changes,
    }
    return whole_gateway(folder, op, clock, rules=RULES, machines=machines)


def stands_for(op: ScriptedProvider, token: str = OPAQUE, **changes: Any) -> None:
    """What the provider says of an opaque token."""
    now = int(op.clock())
    said = {
        "active": True,
        "aud": "ncr-api",
        "client_id": "machine-1",
        "exp": now + 3600,
        "iat": now,
        "iss": op.issuer,
        "scope": "ncr_lezen ncr_indienen",
        "sub": "machine-1",
        "token_type": "bearer",
        "vo_orgcode": "0456789034",
        "vo_orgnaam": "Containerdienst Peeters nv",
        "vo_applicatienaam": "Weegbrug",
    } | changes
    op.introspected[token] = {name: value for name, value in said.items() if value is not None}


def jwt_of(
    op: ScriptedProvider, *, header: dict[str, Any] | None = None, name: str = "k1", **changes: Any
) -> str:
    """A signed access token (RFC 9068)."""
    now = int(op.clock())
    claims = {
        "iss": op.issuer,
        "aud": "https://ncr.test/api",
        "sub": "machine-2",
        "client_id": "machine-2",
        "iat": now,
        "exp": now + 300,
        "jti": "j1",
        "scope": "ncr_lezen ncr_indienen",
        "vo_orgcode": "0456789034",
    } | changes
    kept = {claim: value for claim, value in claims.items() if value is not None}
    return signed(kept, name=name, **{"typ": "at+jwt", "kid": "k1", **(header or {})})


def call(
    whole: GatewayFixture, token: str | None = OPAQUE, target: str = API, **headers: str
) -> httpx2.Response:
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return whole.client.get(f"{whole.url}{target}", headers=headers)


def test_an_opaque_token_is_asked_about_once(whole: GatewayFixture, op: ScriptedProvider) -> None:
    stands_for(op)
    answers = [call(whole) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert op.seen["introspect"] == 1
    asked = next(values for what, values in op.requests if what == "introspect")
    assert asked == {"token": OPAQUE, "token_type_hint": "access_token"}
    head = whole.upstream.received[-1].lower()
    assert b"x-forwarded-user: machine-1" in head
    assert b"x-auth-organisation: 0456789034" in head
    assert b"authorization" not in head, "the token is the gateway's"
    assert OPAQUE.encode() not in head


@pytest.mark.parametrize(
    ("audience", "status"), [(["ncr-api", "ncr-bulk"], 200), ("ncr-api", 403), (["ncr-api", "NCR-bulk"], 403)]
)
def test_a_rule_can_ask_whom_the_token_is_for(
    whole: GatewayFixture, op: ScriptedProvider, audience: Any, status: int
) -> None:
    stands_for(op, f"{OPAQUE}{status}{len(audience)}", aud=audience)
    assert call(whole, f"{OPAQUE}{status}{len(audience)}", "/bulk").status_code == status


def test_a_signed_token_is_verified_here(whole: GatewayFixture, op: ScriptedProvider) -> None:
    token = jwt_of(op)
    assert [call(whole, token).status_code for _ in range(2)] == [200, 200]
    assert (op.seen["introspect"], op.seen["keys"]) == (0, 1)
    assert b"x-forwarded-user: machine-2" in whole.upstream.received[-1].lower()


def test_the_register_sees_the_token_only_where_that_is_set(
    tmp_path: Path, op: ScriptedProvider, clock: StillClock
) -> None:
    with make_whole(tmp_path, op, clock, forward_authorization=True) as whole:
        stands_for(op)
        assert call(whole).status_code == 200
        assert f"Bearer {OPAQUE}".encode() in whole.upstream.received[-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"aud": "another-api"},
        {"aud": None},
        {"aud": [7, "another"]},
        {"iss": "https://evil.test"},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": 9_999_999_999},
        {"token_type": "DPoP"},
        {"sub": None, "client_id": None},
        {"sub": "a\r\nX: y", "client_id": None},
        {"vo_id": "somebody"},
    ],
    ids=str,
)
def test_opaque_tokens_that_prove_nothing(
    whole: GatewayFixture, op: ScriptedProvider, changes: dict[str, Any]
) -> None:
    stands_for(op, **changes)
    refused(call(whole))
    refused(call(whole, **PAGE))
    assert whole.upstream.received == []


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.test"},
        {"iss": "https://evil.test"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"client_id": None},
        {"jti": None},
        {"sub": None},
        {"vo_id": "somebody"},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
        {"header": {"typ": "logout+jwt"}},
        {"header": {"kid": "k9"}},
        {"name": "attacker_rsa"},
        {"header": {"alg": "RS512"}},
    ],
    ids=str,
)
def test_signed_tokens_that_prove_nothing(
    whole: GatewayFixture, op: ScriptedProvider, changes: dict[str, Any]
) -> None:
    if "header" in changes and "alg" in changes["header"]:
        token = jwt_of(op, header=changes["header"] | {"alg": "RS512"})
    else:
        token = jwt_of(op, **changes)
    refused(call(whole, token))
    assert whole.upstream.received == []


def test_an_id_token_is_no_access_token(whole: GatewayFixture, op: ScriptedProvider) -> None:
    refused(call(whole, op.id_token()))


def refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "bearer-refused"
    assert "location" not in answer.headers


def test_scopes_that_lack_are_named(whole: GatewayFixture, op: ScriptedProvider) -> None:
    stands_for(op, scope="ncr_lezen other")
    for headers in ({}, PAGE):
        answer = call(whole, **headers)
        assert answer.status_code == 403
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="ncr_indienen"'
        assert answer.json()["missing"][0][0]["kind"] == "scope"


def test_another_organisation_is_no_lack_of_scope(whole: GatewayFixture, op: ScriptedProvider) -> None:
    stands_for(op, vo_orgcode="0777000187")
    answer = call(whole)
    assert answer.status_code == 403
    assert "www-authenticate" not in answer.headers


def test_without_a_token_the_scheme_is_named(whole: GatewayFixture) -> None:
    answer = call(whole, None)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "bearer a b", "Bearer é", "BEARER a,b", f"Bearer {'a' * 17_000}"]
)
def test_what_is_no_token_is_told(value: str) -> None:
    with pytest.raises(BadRequest) as told:
        bearer_token([(b"authorization", value.encode())])
    assert told.value.facts == {"reason": "bearer-malformed"}


def test_malformed_over_http(whole: GatewayFixture) -> None:
    answer = whole.client.get(f"{whole.url}{API}", headers={"authorization": "Bearer a b"})
    assert answer.status_code == 400
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_request"'


def test_other_schemes_are_not_for_the_gateway(whole: GatewayFixture) -> None:
    answer = whole.client.get(f"{whole.url}/public/x", headers={"authorization": "Basic YTpi"})
    assert answer.status_code == 200
    assert b"Basic YTpi" in whole.upstream.received[-1]


@pytest.mark.parametrize("token", [OPAQUE, "eyJhbGciOiJIUzI1NiJ9.e30.abc", "what the register wrote itself"])
def test_a_token_beside_a_session_is_the_registers_own(
    whole: GatewayFixture, op: ScriptedProvider, token: str
) -> None:
    visitor = whole.browser()
    visitor.log_in("/echo")
    answer = visitor.call("/echo", authorization=f"Bearer {token}")
    assert answer.status_code == 200
    assert f"Bearer {token}".encode() in whole.upstream.received[-1]
    assert b"alice" in whole.upstream.received[-1]
    assert op.seen["introspect"] == 0


def test_a_token_where_anyone_may_come_is_the_registers_own(
    whole: GatewayFixture, op: ScriptedProvider
) -> None:
    assert call(whole, "unknown", "/public/x").status_code == 200
    assert b"Bearer unknown" in whole.upstream.received[-1]
    assert op.seen["introspect"] == 0


def test_a_rule_about_programs_judges_the_token_first(whole: GatewayFixture, op: ScriptedProvider) -> None:
    visitor = whole.browser()
    visitor.log_in("/echo")
    before = len(whole.upstream.received)
    denied = visitor.call(API, authorization="Bearer unknown")
    assert denied.status_code == 403, "a person, whose token proves nothing"
    assert len(whole.upstream.received) == before
    stands_for(op)
    assert visitor.call(API, authorization=f"Bearer {OPAQUE}").status_code == 200
    assert OPAQUE.encode() not in whole.upstream.received[-1], "it said who the program is"


@pytest.mark.parametrize("ticket", ["x" * 43, "nonsense"])
def test_a_ticket_that_opens_nothing_doesnt_let_a_token_pass(whole: GatewayFixture, ticket: str) -> None:
    lines = {"authorization": "Bearer unknown", "cookie": f"{whole.session_cookie}={ticket}"}
    before = len(whole.upstream.received)
    for path in ("/echo", API):
        refused(whole.client.get(whole.url + path, headers=lines))
    assert len(whole.upstream.received) == before


def test_out_of_reach_is_503_and_what_is_open_stays_open(whole: GatewayFixture, op: ScriptedProvider) -> None:
    for answer in (
        JSONResponse({}, 500),
        JSONResponse({"error": "invalid_client"}, 401),
        JSONResponse([True]),
        Response("nope"),
    ):
        op.answers["introspect"] = lambda _form, answer=answer: answer
        told = call(whole)
        assert told.status_code == 503
        assert told.json()["code"] == "provider-unavailable"
        assert "retry-after" in told.headers
    assert call(whole, target="/public/x").status_code == 200
    op.answers.clear()
    stands_for(op)
    assert call(whole).status_code == 200, "it recovers by itself"


def test_what_is_remembered_ends_with_the_token_and_with_the_cache(
    whole: GatewayFixture, op: ScriptedProvider, clock: StillClock
) -> None:
    stands_for(op, exp=int(clock.now) + 20)
    assert call(whole).status_code == 200
    clock.now += 21
    refused(call(whole))
    stands_for(op)
    clock.now += 6
    assert call(whole).status_code == 200, "inactive is remembered for seconds only"
    op.introspected.clear()
    clock.now += 59
    assert call(whole).status_code == 200
    clock.now += 2
    refused(call(whole))


def test_inactive_is_remembered_for_a_moment(
    whole: GatewayFixture, op: ScriptedProvider, clock: StillClock
) -> None:
    for _ in range(5):
        refused(call(whole))
    assert op.seen["introspect"] == 1
    clock.now += 6
    refused(call(whole))
    assert op.seen["introspect"] == 2


def test_many_calls_at_once_ask_once(whole: GatewayFixture, op: ScriptedProvider) -> None:
    stands_for(op)
    waiting = threading.Barrier(8)

    def one(_number: int) -> int:
        waiting.wait()
        with httpx2.Client(trust_env=False) as client:
            headers = {"authorization": f"Bearer {OPAQUE}"}
            return client.get(f"{whole.url}{API}", headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [200] * 8
    assert op.seen["introspect"] == 1


def test_nothing_of_a_token_is_logged(
    whole: GatewayFixture, op: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    stands_for(op)
    call(whole)
    stands_for(op, "unfit-token-that-is-for-another-api-" + "x" * 20, aud="other")
    call(whole, "unfit-token-that-is-for-another-api-" + "x" * 20)
    call(whole, jwt_of(op, exp=1))
    assert "bearer token refused" in caplog.text
    assert "unfit-token" not in caplog.text
    assert OPAQUE not in caplog.text
    assert "eyJ" not in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 10**400},
        {"nbf": 10**400},
        {"nbf": -(10**400)},
        {"exp": "9999999999"},
        {"exp": True},
        {"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}},
        {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
        {"cnf": {}},
    ],
    ids=lambda changes: str(changes)[:24],
)
def test_times_that_are_none_and_tokens_bound_to_a_key_are_refused(
    whole: GatewayFixture, op: ScriptedProvider, changes: dict[str, Any]
) -> None:
    stands_for(op, **changes)
    refused(call(whole))
    refused(call(whole, jwt_of(op, **changes)))


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\x1f"])
def test_scopes_are_divided_by_spaces_alone(whole: GatewayFixture, op: ScriptedProvider, blank: str) -> None:
    stands_for(op, scope=f"ncr_lezen{blank}ncr_indienen")
    assert call(whole).status_code == 403


@pytest.mark.parametrize(
    "said",
    [
        b'{"active": false, "active": true, %s}',
        b'{"active": true, %s, "exp": NaN}',
        b'{"active": true, %s, "exp": Infinity}',
        b'{"active": true, %s, "vo_orgnaam": "\\ud800"}',
        b'\xef\xbb\xbf{"active": true, %s}',
    ],
)
def test_an_answer_that_readers_understand_differently_lets_nobody_in(
    whole: GatewayFixture, op: ScriptedProvider, said: bytes
) -> None:
    rest = (
        b'"aud": "ncr-api", "sub": "machine-1", "scope": "ncr_lezen ncr_indienen", "vo_orgcode": "0456789034"'
    )
    op.answers["introspect"] = lambda _form: Response(said % rest, media_type="application/json")
    assert call(whole).status_code == 503


def test_random_tokens_of_one_client_are_refused_without_asking(
    whole: GatewayFixture, op: ScriptedProvider
) -> None:
    stands_for(op)
    assert call(whole).status_code == 200
    answers = [call(whole, secrets.token_hex(16)) for _ in range(40)]
    assert Counter(answer.status_code for answer in answers) == {401: 30, 429: 10}
    assert answers[-1].json()["code"] == "client-limited"
    assert int(answers[-1].headers["retry-after"]) == answers[-1].json()["retry_after"] == 1
    assert call(whole).status_code == 200
    assert call(whole, secrets.token_hex(16), "/public/x").status_code == 200, "what is open stays open"
