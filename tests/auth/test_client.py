"""Client authentication at the token endpoint, and keys and secrets that cannot be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse

from gateway.auth.client import Client
from gateway.auth.provider import Provider
from gateway.auth.settings import ProviderSettings
from gateway.errors import ProviderUnavailable
from tests.auth.scripted_provider import ScriptedProvider
from tests.keys import rsa_client_keys

PUBLIC = RSAKey.import_key(rsa_client_keys("gw")[0]).as_pem(private=False)
Make = Callable[..., ProviderSettings]


def client(settings: ProviderSettings, clock: Any) -> Client:
    return Client(Provider(settings, clock=clock), settings.client_id, settings.client_auth)


async def test_nothing_is_sent_before_the_provider_is_started(
    settings: Make, clock: Any, op: ScriptedProvider
) -> None:
    made = client(settings(), clock)
    await asyncio.to_thread(made.load)
    with pytest.raises(ProviderUnavailable, match="not started"):
        await made.post("token", f"{op.issuer}/v1/token", {})
    assert not op.seen


@pytest.mark.parametrize(
    ("content", "auth", "problem"),
    [
        (b"\xff", {"method": "client_secret_basic", "secret": "file:odd"}, "is not UTF-8 text"),
        (
            b"hello",
            {"method": "private_key_jwt", "key": "file:odd"},
            "is not a private key in PEM form for RS256",
        ),
        (
            rsa_client_keys("gw")[0],
            {"method": "private_key_jwt", "key": "file:odd", "algorithm": "ES256"},
            "is not a private key in PEM form for ES256",
        ),
        (PUBLIC, {"method": "private_key_jwt", "key": "file:odd"}, "is a public key"),
    ],
)
def test_keys_and_secrets_that_cannot_be_used(
    settings: Make, clock: Any, tmp_path: Path, content: bytes, auth: dict[str, Any], problem: str
) -> None:
    (tmp_path / "odd").write_bytes(content)
    (tmp_path / "odd").chmod(0o600)
    with pytest.raises(ValueError, match=problem):
        client(settings(client_auth=auth), clock).load()


async def test_only_no_answer_counts_as_an_error_of_the_provider(
    settings: Make, clock: Any, op: ScriptedProvider
) -> None:
    results: list[Any] = []
    provider = Provider(settings(timeout="300ms"), clock=clock, on_event=results.append)
    made = Client(provider, provider.settings.client_id, provider.settings.client_auth)
    await asyncio.to_thread(made.load)
    await provider.start()
    code = {"grant_type": "authorization_code", "code": "of-a-stranger"}
    assert (await made.post("token", f"{op.issuer}/v1/token", code)).status_code == 400
    op.answers["token"] = lambda _form: JSONResponse({}, 503)
    await made.post("token", f"{op.issuer}/v1/token", code)
    op.answers["token"] = lambda _form: JSONResponse({})
    await made.post("token", f"{op.issuer}/v1/token", code)
    with pytest.raises(ProviderUnavailable):
        await made.post("token", "http://127.0.0.1:9/token", code)
    await provider.aclose()
    assert [(each.endpoint, each.result) for each in results] == [
        ("token", "refused"),
        ("token", "error"),
        ("token", "ok"),
        ("token", "error"),
    ]
