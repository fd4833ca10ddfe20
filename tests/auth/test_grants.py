"""Authorization requests, codes and refresh tokens, against a provider that refuses or answers oddly."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse, Response

from gateway.auth.grants import TokenResponse
from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Side
from tests.auth.scripted_provider import CLIENT_ID, REDIRECT_URI, ScriptedProvider
from tests.cases.load import load

CASES = [case for case in load("token-cases.json") if "refresh" in case["mutation"]]
BASIC = {"method": "client_secret_basic", "secret": "file:secret"}
POST = {"method": "client_secret_post", "secret": "file:secret"}
KEY = {"method": "private_key_jwt", "key": "file:client.pem"}
# One refresh for many requests at once, in all processes: tests/session/test_workers.py.
ELSEWHERE = {"tr-refresh-race"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in ELSEWHERE], ids=lambda case: str(case["id"])
)
async def test_answers_to_a_refresh(gate: Any, op: ScriptedProvider, case: dict[str, Any]) -> None:
    side: Side = await gate(userinfo=False)
    finished = await side.browser().log_in()
    identity, tokens = finished.identity, finished.tokens
    mutation = case["mutation"]
    op.claims |= {
        name.removeprefix("id_token_"): value
        for name, value in mutation.items()
        if name.startswith("id_token_")
    }
    op.token_answer |= dict.fromkeys(mutation.get("del", ()), "absent")
    before = op.seen.copy()

    found = await side.login.renew(identity, tokens)

    asked = op.seen - before
    if case["expected"] == "reject":
        assert found is None
        assert "userinfo" not in asked, "no request after that"
        return
    assert case["expected"] == "accept"
    assert found is not None
    assert found[0].subject == "alice"
    assert found[1].access_token != tokens.access_token
    if "refresh_token" in mutation.get("del", ()):
        assert found[1].refresh_token == tokens.refresh_token


@pytest.mark.parametrize("client_auth", [BASIC, POST, KEY], ids=lambda auth: str(auth["method"]))
async def test_pushed_authorization_request(gate: Any, op: ScriptedProvider, client_auth: Any) -> None:
    browser = (await gate(client_auth=client_auth, pushed_authorization=True)).browser()

    location = (await browser.begin()).location

    assert set(parse_qs(urlsplit(location).query)) == {"client_id", "request_uri"}
    assert (await browser.finish(await browser.visit(location))).identity.subject == "alice"
    pushed = next(values for what, values in op.requests if what == "par")
    assert pushed["redirect_uri"] == REDIRECT_URI
    assert pushed["code_challenge_method"] == "S256"
    assert pushed["client_id"] == CLIENT_ID


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (JSONResponse({"error": "invalid_request"}, 400), LoginFailed),
        (JSONResponse({"request_uri": 7}, 201), LoginFailed),
        (JSONResponse([], 201), LoginFailed),
        (JSONResponse({}, 500), ProviderUnavailable),
        (Response("nope", 200), LoginFailed),
    ],
)
async def test_pushed_authorization_request_that_is_refused(
    gate: Any, op: ScriptedProvider, answer: Response, error: type[Exception]
) -> None:
    op.answers["par"] = lambda _request: answer
    with pytest.raises(error):
        await (await gate(pushed_authorization=True)).browser().begin()
    assert op.seen["auth"] == 0


async def test_a_request_is_never_sent_by_browser_where_it_must_be_pushed(
    gate: Any, op: ScriptedProvider
) -> None:
    op.discovery["pushed_authorization_request_endpoint"] = None
    with pytest.raises(ProviderUnavailable):
        await (await gate(pushed_authorization=True)).browser().begin()


async def test_a_client_that_is_refused_is_no_code_that_is_refused(gate: Any, op: ScriptedProvider) -> None:
    op.answers["token"] = lambda _request: JSONResponse({"error": "invalid_client"}, 401)
    with pytest.raises(LoginFailed, match="invalid_client") as refused:
        await (await gate()).browser().log_in()
    assert refused.value.reason == "client-refused"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"token_type": "Bearer"}, "no access_token"),
        ({"access_token": "", "token_type": "Bearer"}, "no access_token"),
        ({"access_token": ["a"], "token_type": "Bearer"}, "no access_token"),
        ({"access_token": "a"}, "not Bearer"),
        ({"access_token": "a", "token_type": "DPoP"}, "not Bearer"),
    ],
)
def test_a_response_without_a_token_that_we_can_use(content: dict[str, Any], reason: str) -> None:
    with pytest.raises(LoginFailed, match=reason) as refused:
        TokenResponse.read(content, 1_000.0)
    assert refused.value.reason == "token-answer-malformed"


@pytest.mark.parametrize(
    ("expires_in", "expires_at"),
    [(None, None), (60, 1_060.0), ("60", 1_060.0), (0.5, 1_000.5)]
    + [(odd, 1_000.0) for odd in (0, -1, True, "soon", "²", 1e9, float("nan"), [60])],
)
def test_when_an_access_token_expires(expires_in: Any, expires_at: float | None) -> None:
    content = {"access_token": "a", "token_type": "bearer", "expires_in": expires_in, "refresh_token": 7}
    assert TokenResponse.read(content, 1_000.0) == TokenResponse("a", None, None, expires_at)


def test_every_case_runs() -> None:
    assert {case["id"] for case in CASES} == {
        "tr-extra-id-token-sub", "tr-refresh-iss", "tr-refresh-aud", "tr-refresh-no-id-token",
        "tr-refresh-same-rt", "tr-refresh-race",
    }  # fmt: skip
