"""Authorization requests, codes and refresh tokens, against a provider that refuses or answers oddly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse, Response

from gateway.auth.grants import Grants, TokenResponse
from gateway.auth.provider import Provider
from gateway.auth.settings import ProviderSettings
from gateway.errors import LoginFailed, ProviderUnavailable
from gateway.events import Event, ProviderCalled
from tests.auth.conftest import Side
from tests.auth.scripted_provider import CLIENT_ID, REDIRECT_URI, ScriptedProvider
from tests.cases.runners import REFRESH, no_runner, runs
from tests.gateway_fixture import scripted_gateway

BASIC = {"method": "client_secret_basic", "secret": "file:secret"}
POST = {"method": "client_secret_post", "secret": "file:secret"}
KEY = {"method": "private_key_jwt", "key": "file:client.pem", "algorithm": "ES256"}

CHANGES = ("set", "del", "id_token_sub", "id_token_iss", "id_token_aud")


@runs(REFRESH, fields=("kind", "expected"), mutation=("refresh", "concurrency", *CHANGES))
async def test_refresh_cases(gate: Any, op: ScriptedProvider, tmp_path: Path, case: dict[str, Any]) -> None:
    mutation, expected = case["mutation"], case["expected"]
    if expected == "one_refresh":
        await asyncio.to_thread(many_requests_cause_one_refresh, tmp_path, mutation["concurrency"])
        return
    if expected not in ("accept", "reject") or "concurrency" in mutation:
        no_runner(case)
    side: Side = await gate(userinfo=False)
    finished = await side.browser().log_in()
    identity, tokens = finished.identity, finished.tokens
    op.claims |= {
        name.removeprefix("id_token_"): value
        for name, value in mutation.items()
        if name.startswith("id_token_")
    }
    op.token_answer |= mutation.get("set", {}) | dict.fromkeys(mutation.get("del", ()), "absent")
    before = op.seen.copy()

    found = await side.login.renew(identity, tokens)

    if expected == "reject":
        assert found is None
        assert "userinfo" not in op.seen - before, "no request after that"
        return
    assert found is not None
    assert found[0].subject == "alice"
    assert found[1].access_token != tokens.access_token
    if "refresh_token" in mutation.get("del", ()):
        assert found[1].refresh_token == tokens.refresh_token


def many_requests_cause_one_refresh(folder: Path, number: int) -> None:
    with scripted_gateway(folder, session={"recheck": "15m"}) as gate:
        browser = gate.browser()
        browser.log_in()
        ticket, before = gate.ticket(browser), gate.op.seen["token"]
        gate.clock.ahead += 1_000
        with ThreadPoolExecutor(number) as pool:
            answers = list(pool.map(lambda _: gate.with_ticket(ticket, "/echo"), range(number)))
        assert {answer.status_code for answer in answers} == {200}
        assert gate.op.seen["token"] - before == 1


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


def called(event: Event) -> tuple[str, str]:
    """Which endpoint was called, and with what result; it took some time."""
    assert isinstance(event, ProviderCalled) and 0 < event.seconds < 10
    return event.endpoint, event.result


async def test_who_is_to_blame_for_a_call_that_fails(
    settings: Callable[..., ProviderSettings], op: ScriptedProvider, clock: Any
) -> None:
    """Strangers can send invented codes and tokens: that must not look as if the provider were down."""
    heard: list[Event] = []
    provider = Provider(settings(), clock=clock, steady=clock, on_event=heard.append)
    await provider.start()
    grants = Grants(provider, REDIRECT_URI)
    grants.load()
    metadata = await provider.metadata()
    heard.clear()
    for answer, result in (
        (None, "refused"),
        (JSONResponse({"error": "invalid_client"}, 401), "error"),
        (JSONResponse({"error": "invalid_client"}, 400), "error"),
        (JSONResponse({"error": "unauthorized_client"}, 400), "error"),
        (JSONResponse({"error": "server_error"}, 500), "error"),
        (Response("short", 400), "refused"),
    ):
        op.answers.clear()
        if answer is not None:
            op.answers["token"] = lambda _request, answer=answer: answer
        with pytest.raises((LoginFailed, ProviderUnavailable)):
            await grants.redeem_code(metadata, code="invented", verifier="v" * 43)
        assert called(heard.pop()) == ("token", result)
    op.answers.clear()
    assert await grants.refresh(metadata, "invented") is None
    assert [called(event) for event in heard] == [("token", "refused")]
    await provider.aclose()


@pytest.mark.parametrize("pushed", [False, True])
async def test_parameters_of_the_operator_go_along(gate: Any, op: ScriptedProvider, pushed: bool) -> None:
    extra = {
        "prompt": "select_account",
        "ui_locales": "de",
        "claims": '{"a": "b & c"}',
        "metadata": "x",
        "login_hint": "all",
    }
    browser = (await gate(authorization_parameters=extra, pushed_authorization=pushed)).browser()
    assert (await browser.log_in()).identity.subject == "alice"
    what = "par" if pushed else "auth"
    sent = next(values for name, values in op.requests if name == what)
    assert {name: sent[name] for name in extra} == extra
    location = (await browser.begin(language="fr", login_hint="one", silent=True)).location
    await browser.visit(location)
    sent = [values for name, values in op.requests if name == what][-1]
    own = {"prompt": "none", "login_hint": "one", "ui_locales": "de"}
    assert {name: sent[name] for name in own} == own


@pytest.mark.parametrize(("nonce", "goes_on"), [(None, True), ("same", True), ("other", False), (7, False)])
async def test_the_nonce_of_a_refresh_is_that_of_the_login(
    gate: Any, op: ScriptedProvider, nonce: Any, goes_on: bool
) -> None:
    side = await gate()
    found = await side.browser().log_in()
    assert found.tokens.nonce
    for _ in range(2):
        op.claims["nonce"] = found.tokens.nonce if nonce == "same" else nonce
        renewed = await side.login.renew(found.identity, found.tokens)
        assert (renewed is not None) is goes_on
        if renewed is None:
            return
        assert renewed[1].nonce == found.tokens.nonce, "also where a refresh left it out"
        found = replace(found, tokens=renewed[1])


@pytest.mark.parametrize("token", ["\u00e9", "a\r\nx: y", "\x7f"])
async def test_an_access_token_can_stand_in_a_header(gate: Any, op: ScriptedProvider, token: str) -> None:
    side: Side = await gate(userinfo=True)
    finished = await side.browser().log_in()
    op.token_answer["access_token"] = token
    op.claims["at_hash"] = None

    with pytest.raises(LoginFailed) as refused:
        await side.browser().log_in()
    assert refused.value.reason == "token-answer-malformed"
    assert await side.login.renew(finished.identity, finished.tokens) is None
