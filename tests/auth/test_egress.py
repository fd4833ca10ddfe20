"""A provider that only a proxy can find: every call to it goes through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.responses import JSONResponse

from gateway.auth.introspection import Introspection
from gateway.auth.login import Login
from gateway.auth.machines import Machines
from gateway.auth.provider import Provider
from gateway.auth.settings import (
    ClaimSettings,
    IntrospectionSettings,
    MachineSettings,
    ProviderSettings,
    RightsSettings,
    TokenIssuerSettings,
)
from gateway.outgoing.egress import Egress
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider, signed
from tests.connect_proxy import ConnectProxy
from tests.tls import Certificates

pytestmark = pytest.mark.anyio


async def test_a_login_userinfo_introspection_and_issuers_pass_the_proxy(
    settings: Callable[..., ProviderSettings],
    op: ScriptedProvider,
    clock: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with certificates.serving(op.app, name="acm.invalid") as url:
        op.issuer = f"{url}/op"
        place = ("127.0.0.1", urlsplit(url).port or 0)
        async with ConnectProxy(reach={"acm.invalid": place}).running() as proxy:
            egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}")
            made = settings(issuer=op.issuer, userinfo=True, pushed_authorization=True)
            provider = Provider(made, clock=clock, steady=clock, egress=egress)
            login = Login(
                provider, ClaimSettings(), RightsSettings(), environment="ti", public_url="https://gw.test",
                keys=lambda: (b"k" * 32,), clock=clock, steady=clock,
            )  # fmt: skip
            await provider.start()
            await login.start()
            begun = await login.begin("/", {})
            query = await visited(begun.location, egress)
            cookies = dict(line.partition(";")[0].split("=", 1) for line in begun.set_cookies)
            assert (await login.finish(query, cookies)).identity.subject == "alice"
            asking = Introspection(
                IntrospectionSettings(client_id=CLIENT_ID, client_auth=made.client_auth), provider
            )
            asking.load()
            found = {"active": True, "aud": CLIENT_ID, "sub": "m"}
            op.answers["introspect"] = lambda _asked: JSONResponse(found)
            assert await asking.claims("opaque") == found
            await the_issuer_is_reached(op, provider, clock, egress)
            await login.aclose()
            await provider.aclose()
            assert {"discovery", "par", "token", "keys", "userinfo", "introspect"} <= set(op.seen)
            assert set(proxy.asked) == {f"acm.invalid:{place[1]}"}


async def visited(location: str, egress: Egress) -> str:
    """The query with which the provider sends a browser back that is behind the same proxy."""
    transport = await asyncio.to_thread(egress.transport)
    async with httpx2.AsyncClient(transport=transport) as client:
        answer = await client.get(location)
    return urlsplit(answer.headers["location"]).query


async def the_issuer_is_reached(op: ScriptedProvider, provider: Provider, clock: Any, egress: Egress) -> None:
    read = MachineSettings(issuers=(TokenIssuerSettings(issuer=op.issuer, audience="api"),))
    machines = Machines(read, provider, clock=clock, steady=clock, egress=egress)
    await machines.start()
    claims = {
        "iss": op.issuer, "sub": "m", "aud": "api", "client_id": "m", "jti": "j", "iat": int(clock()),
        "exp": int(clock()) + 60,
    }  # fmt: skip
    found = await machines.identity(signed(claims, typ="at+jwt"), "192.0.2.1")
    assert (found.kind, found.subject) == ("machine", "m")
    await machines.aclose()
