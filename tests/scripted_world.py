"""A whole gateway in front of a small upstream, with a provider that does what a test says: all over HTTP."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.app import Gateway
from gateway.config import load
from gateway.edge.protocol import protocol_class
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.gateways import settings, write_config
from tests.keys import client_keys
from tests.running import free_socket, serving

PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
CALL = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
RIGHTS = {"ovam_rol_3d": ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"], "vo_orgcode": "0428315871"}
RULES = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "echo", "match": {"path": "/**"}, "require": ["authenticated"]},
]


class Clock:
    """The time, which a test moves ahead."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Upstream:
    """Tells what it was asked; `seen` keeps each request as (method, target, headers, body)."""

    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "DELETE"]
        return Starlette(
            routes=[
                Route("/events", self._events),
                Route("/form", self._form),
                Route("/{rest:path}", self._answer, methods=methods),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.seen.append((request.method, target, dict(request.headers), body))
        return JSONResponse(
            {
                "method": request.method,
                "target": target,
                "user": request.headers.get("x-forwarded-user"),
                "rights": request.headers.get("x-auth-rights"),
                "body": body.decode("latin-1"),
            }
        )

    async def _form(self, _request: Request) -> Response:
        return HTMLResponse(
            '<form method="post" action="/echo/meldingen?jaar=2026" enctype="multipart/form-data">'
            '<input name="waarde" value="\u00e9 &amp; more"><button>Verstuur</button></form>'
        )

    async def _events(self, request: Request) -> Response:
        import asyncio

        async def lines() -> Any:
            while True:
                yield b"data: x\n\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(lines(), media_type="text/event-stream")


class Browser(httpx2.Client):
    """One browser at the gateway: it keeps cookies and follows no redirect by itself."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(base_url=base, trust_env=False, follow_redirects=False, timeout=20, **options)

    def through_provider(self, answer: httpx2.Response) -> httpx2.Response:
        """From an answer that leads to the provider back to the gateway: what the callback answers."""
        assert answer.status_code == 302, answer.text
        with httpx2.Client(trust_env=False) as there:
            back = there.get(answer.headers["location"])
        assert back.status_code == 302, back.text
        return self.get(back.headers["location"], headers=PAGE)

    def log_in(self, target: str = "/echo/start") -> httpx2.Response:
        """Log in, to come back to this page; the answer of the callback."""
        done = self.through_provider(self.get("/oauth2/start", params={"rd": target}, headers=PAGE))
        assert done.status_code == 302, done.text
        return done

    def page(self, path: str, **headers: str) -> httpx2.Response:
        """Navigate."""
        return self.get(path, headers=PAGE | headers)

    def call(self, path: str, **headers: str) -> httpx2.Response:
        """A call of a script in the background."""
        return self.get(path, headers=CALL | headers)


@dataclass
class Scene:
    """Gateway, provider and upstream of one test."""

    gateway: Gateway
    url: str
    op: ScriptedProvider
    upstream: Upstream
    clock: Clock
    folder: Path

    def browser(self, **options: Any) -> Browser:
        return Browser(self.url, **options)

    def with_ticket(
        self, ticket: str | None, path: str, method: str = "GET", **headers: str
    ) -> httpx2.Response:
        """One request with nothing but this ticket."""
        lines = CALL | headers | {"cookie": f"{self.gateway.sessions.cookie_name}={ticket}"}
        return httpx2.request(method, self.url + path, headers=lines, trust_env=False)

    def ticket(self, browser: httpx2.Client) -> str | None:
        """The browser's ticket."""
        return browser.cookies.get(self.gateway.sessions.cookie_name)


def provider_settings(folder: Path, op: ScriptedProvider, **changes: Any) -> dict[str, Any]:
    """The provider section for a scripted provider."""
    folder.joinpath("op-client.pem").write_bytes(client_keys(CLIENT_ID)[0])
    folder.joinpath("op-client.pem").chmod(0o600)
    return {
        "issuer": op.issuer,
        "client_id": CLIENT_ID,
        "client_auth": {"method": "private_key_jwt", "key": "file:op-client.pem"},
        "timeout": "2s",
        **changes,
    }


@contextlib.contextmanager
def scripted_provider(clock: Callable[[], float] = time.time) -> Iterator[ScriptedProvider]:
    """A provider that is served until the block ends."""
    op = ScriptedProvider(clock=clock, client_key=RSAKey.import_key(client_keys(CLIENT_ID)[0]))
    op.claims.update(RIGHTS)
    sock = free_socket()
    op.issuer = f"http://localhost:{sock.getsockname()[1]}/op"
    with serving(op.app, sock=sock, lifespan="off"):
        yield op


@contextlib.contextmanager
def scene(
    folder: Path,
    *,
    name: str = "ti",
    rules: list[Any] | None = None,
    provider: Mapping[str, Any] | None = None,
    public_url: str | None = None,
    sock: socket.socket | None = None,
    clock: Clock | None = None,
    **changes: Any,
) -> Iterator[Scene]:
    """A gateway that runs, with its provider and upstream; `changes` go to its environment."""
    clock = clock or Clock()
    sock = sock or free_socket()
    url = f"http://localhost:{sock.getsockname()[1]}"
    upstream = Upstream()
    with (
        scripted_provider(clock) as op,
        serving(upstream.app, lifespan="off") as behind,
    ):
        environment = settings(
            folder,
            name=name,
            gateway_url=public_url or url,
            acm_url="http://localhost:9",
            upstream_url=behind.url,
            provider=provider_settings(folder, op, **(provider or {})),
            listen=f"127.0.0.1:{sock.getsockname()[1]}",
            **changes,
        )
        config = load(write_config(folder, {name: environment}, rules=rules or RULES))
        app = Gateway(config, name, clock=clock, steady=clock)
        edge = config.environment(name).edge
        with serving(app, sock=sock, http=protocol_class(edge), log_level="critical", log_config=None):
            yield Scene(app, url, op, upstream, clock, folder)
