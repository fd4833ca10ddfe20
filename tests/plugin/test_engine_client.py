"""The HTTP client for engines: what it sends with each request, and what it never does."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.outgoing.client_tls import ClientTls
from gateway.outgoing.egress import DIRECT
from gateway.plugin.engine_client import engine_client
from gateway.settings import Secret
from tests.running import serving

pytestmark = pytest.mark.anyio


async def _headers(request: Request) -> Response:
    return JSONResponse(dict(request.headers))


async def _away(_request: Request) -> Response:
    return RedirectResponse("/headers")


ENGINE = Starlette(routes=[Route("/headers", _headers), Route("/away", _away)])


async def test_the_token_and_headers_go_with_each_request_and_redirects_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("TOKEN", "word")
    with serving(ENGINE) as running:
        async with engine_client(
            Secret("env:TOKEN", tmp_path), ClientTls(), DIRECT, 5.0, {"Accept": "application/json"}
        ) as client:
            sent = (await client.get(f"{running.url}/headers")).json()
            assert (sent["authorization"], sent["accept"]) == ("Bearer word", "application/json")
            assert (await client.get(f"{running.url}/away")).status_code == 307


async def test_without_a_token_nothing_is_said_about_who_asks() -> None:
    with serving(ENGINE) as running:
        async with engine_client(None, ClientTls(), DIRECT, 5.0, {}) as client:
            answer: httpx2.Response = await client.get(f"{running.url}/headers")
            assert "authorization" not in answer.json()
