"""A whole login over HTTP: what goes to the provider, what comes back, and what becomes of every odd callback."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse

from gateway.errors import LoginFailed
from tests.auth.scripted_provider import CLIENT_ID, REDIRECT_URI, SECRET, ScriptedProvider
from tests.keys import rsa_client_key, rsa_client_keys

BASIC = {"method": "client_secret_basic", "secret": "file:secret"}
POST = {"method": "client_secret_post", "secret": "file:secret"}
KEY = {"method": "private_key_jwt", "key": "file:client.pem", "algorithm": "ES256"}
RSA = {"method": "private_key_jwt", "key": "file:rsa.pem"}


@pytest.mark.parametrize(
    "client_auth", [BASIC, POST, KEY, RSA], ids=lambda auth: auth.get("key", auth["method"])
)
async def test_login_with_every_client_authentication(
    gate: Any, op: ScriptedProvider, client_auth: Any, tmp_path: Path
) -> None:
    if client_auth is RSA:
        (tmp_path / "rsa.pem").write_bytes(rsa_client_keys(CLIENT_ID)[0])
        (tmp_path / "rsa.pem").chmod(0o600)
        op.client_key = rsa_client_key(CLIENT_ID)
    browser = (await gate(client_auth=client_auth)).browser()

    finished = await browser.log_in()

    assert (finished.identity.issuer, finished.identity.subject) == (op.issuer, "alice")
    assert finished.target == "/reports?page=2"
    assert finished.tokens.access_token
    assert finished.tokens.refresh_token
    assert browser.cookies == {}
    sent = op.requests[-2][1] if op.requests[-1][0] == "keys" else op.requests[-1][1]
    assert (SECRET in sent.values()) == (client_auth is POST)


@pytest.mark.parametrize("offset", [600, -600, 7_200])
async def test_clocks_that_differ_are_told_by_how_much(
    gate: Any, op: ScriptedProvider, clock: Any, offset: float
) -> None:
    op.clock = lambda: clock.now + offset
    op.claims = {"exp": clock.now + offset + 300}
    with pytest.raises(LoginFailed) as refused:
        await (await gate()).browser().log_in()
    assert refused.value.reason == "clock-skew"
    assert refused.value.facts["seconds"] == offset


async def test_the_date_of_an_answer_tells_of_a_clock_too(
    gate: Any, op: ScriptedProvider, clock: Any
) -> None:
    behind = formatdate(clock.now + 900, usegmt=True)
    op.claims = {"exp": clock.now - 60}
    op.answers["keys"] = lambda _request: JSONResponse({"keys": op.keys}, headers={"date": behind})
    with pytest.raises(LoginFailed) as refused:
        await (await gate()).browser().log_in()
    assert (refused.value.reason, refused.value.facts["seconds"]) == ("clock-skew", 900)


async def test_authorization_request(gate: Any, op: ScriptedProvider) -> None:
    browser = (await gate(scopes=("openid", "vo", "ovam"))).browser()

    first, second = [urlsplit((await browser.begin(language="nl")).location) for _ in range(2)]

    assert f"{first.scheme}://{first.netloc}{first.path}" == f"{op.issuer}/v1/auth"
    asked, again = (
        {name: values[0] for name, values in parse_qs(url.query).items()} for url in (first, second)
    )
    fresh = {"state", "nonce", "code_challenge"}
    assert {name: value for name, value in asked.items() if name not in fresh} == {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid vo ovam",
        "code_challenge_method": "S256",
        "ui_locales": "nl",
    }
    assert all(len(asked[name]) >= 43 and asked[name] != again[name] for name in fresh)
