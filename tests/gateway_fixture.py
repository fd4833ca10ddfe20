"""A gateway that runs for tests, with its provider and its upstream beside it: all real servers on free ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.app import Gateway
from gateway.config import load
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.pages.wire import WirePages
from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.directory import Directory
from simulator.data.seed import load_people
from simulator.portal import create_portal
from tests.auth.scripted_provider import CLIENT_ID as SCRIPTED_CLIENT_ID
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateways import CLIENT_ID, PLUGINS, settings, write_config
from tests.keys import client_keys
from tests.running import RawUpstream, free_socket, raw_upstream, serving
from tests.waiting import until

PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
PRESSED = {**PAGE, "sec-fetch-user": "?1"}
CALL = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
RIGHTS = {"ovam_rol_3d": ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"], "vo_orgcode": "0428315871"}
# What is authenticated in tests that ask nothing else of the rules.
OPEN_RULES = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "echo", "match": {"path": "/**"}, "require": ["authenticated"]},
]
NOBODY = "http://127.0.0.1:9"
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class Clock:
    """The time, which a test moves ahead; both the wall clock and the steady one of the gateway follow it."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class StillClock:
    """Seconds since the epoch; it stands still until a test turns it."""

    now: float = field(default_factory=lambda: float(int(time.time())))

    def __call__(self) -> float:
        return self.now


class Stage:
    """Where the provider of the test that runs now is served: one server for all tests, which costs less."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@dataclass
class EchoUpstream:
    """Answers with what it was asked; `seen` keeps each request as (method, target, headers, body)."""

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
            '<input name="waarde" value="\u00e9 &amp; more"><input type="file" name="foto" multiple>'
            "<button>Verstuur</button></form>",
            headers={"content-security-policy": "default-src 'none'; form-action 'self'"},
        )

    async def _events(self, _request: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            while True:
                yield b"data: x\n\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(lines(), media_type="text/event-stream")


def plain_client() -> httpx2.Client:
    """A client that keeps no cookies and follows no redirects."""
    jar = CookieJar(_NO_COOKIES)
    return httpx2.Client(trust_env=False, follow_redirects=False, timeout=60, cookies=jar)


class Browser:
    """One browser at the gateway. It keeps the gateway's cookies, also Secure ones, and follows no redirect by itself.

    `refuses` names cookies that it doesn't take; `host` is the Host it sends, where the public address differs.
    """

    def __init__(self, url: str, *, host: str | None = None, client: httpx2.Client | None = None) -> None:
        self.url = url
        self.host = {"host": host} if host else {}
        self.cookies: dict[str, str] = {}
        self.refuses: Callable[[str], bool] = lambda _name: False
        self.client = client or plain_client()
        self._owns_client = client is None

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._owns_client:
            self.client.close()

    def _to(self, target: str) -> str:
        return target if target.startswith("http") else self.url + target

    def headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        """These headers with the cookies."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**self.host, **({"cookie": cookie} if cookie else {}), **(headers or {})}

    def take(self, answer: httpx2.Response) -> None:
        """Keep the cookies of an answer."""
        for line in answer.headers.get_list("set-cookie"):
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in attributes and not self.refuses(name):
                self.cookies[name] = value

    def request(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """One request to the gateway, with the cookies."""
        answer = self.client.request(method, self._to(target), headers=self.headers(headers), **options)
        self.take(answer)
        return answer

    def get(self, target: str, **options: Any) -> httpx2.Response:
        return self.request("GET", target, **options)

    def post(self, target: str, **options: Any) -> httpx2.Response:
        return self.request("POST", target, **options)

    def go(
        self, target: str, *, method: str = "GET", headers: Mapping[str, str] = PAGE, **options: Any
    ) -> httpx2.Response:
        """Navigate, with just these headers."""
        return self.request(method, target, headers=headers, **options)

    def page(self, target: str, **headers: str) -> httpx2.Response:
        """Navigate, with these further headers."""
        return self.request("GET", target, headers=PAGE | headers)

    def call(self, target: str, **headers: str) -> httpx2.Response:
        """A call of a script in the background."""
        return self.request("GET", target, headers=CALL | headers)

    def stream(self, method: str, target: str) -> contextlib.AbstractContextManager[httpx2.Response]:
        return self.client.stream(method, self._to(target), headers=self.headers(None))

    def at_provider(self, answer: httpx2.Response) -> str:
        """Follow a redirect to the provider and log in there; the target that it sends the browser back to."""
        assert answer.status_code == 302, answer.text
        back = self.client.get(answer.headers["location"])
        assert back.status_code == 302, back.text
        return urlsplit(back.headers["location"])._replace(scheme="", netloc="").geturl()

    def through_provider(self, answer: httpx2.Response) -> httpx2.Response:
        """From a redirect to the provider back to the gateway: the answer of the callback."""
        return self.go(self.at_provider(answer))

    def log_in(self, target: str = "/echo") -> httpx2.Response:
        """Log in, to come back to this page: the answer of the callback."""
        return self.through_provider(self.go(f"/oauth2/start?rd={quote(target, safe='')}"))

    @property
    def logged_in(self) -> bool:
        return any(name.endswith("-session") for name in self.cookies)


@dataclass
class GatewayFixture:
    """A gateway that runs, and what stands around it."""

    gateway: Gateway
    url: str
    port: int
    folder: Path
    name: str
    clock: Any
    provider: AcmState | ScriptedProvider
    upstream: Any
    observe_port: int
    client: httpx2.Client
    host: str | None = None
    fronts: Mapping[str, int] = field(default_factory=dict)
    """The ports of the listeners for fronts, by name."""
    authzen_port: int = 0
    """The port of the decision point, where there is one."""

    @property
    def acm(self) -> AcmState:
        """The simulator's ACM, where it is the provider."""
        assert isinstance(self.provider, AcmState)
        return self.provider

    @property
    def op(self) -> ScriptedProvider:
        """The scripted provider, where it is the provider."""
        assert isinstance(self.provider, ScriptedProvider)
        return self.provider

    @property
    def records(self) -> Path:
        """The file of decision records."""
        return self.folder / f"var/{self.name}.jsonl"

    def records_with(self, request_id: str | None, count: int = 1) -> list[dict[str, Any]]:
        """The decision records of a request. They are written a moment after its end; waits for this many."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            text = self.records.read_text() if self.records.exists() else ""
            lines = text[: text.rfind("\n") + 1].splitlines()
            named = (json.loads(each) for each in lines if request_id is None or request_id in each)
            found[:] = [each for each in named if each.get("request_id") == request_id]
            return len(found) >= count

        assert until(there, 30.0), f"no {count} records of {request_id}"
        return found

    @property
    def session_cookie(self) -> str:
        prefix = "__Host-" if self.host else ""
        return f"{prefix}tgp-{self.name}-session"

    def browser(self) -> Browser:
        return Browser(self.url, host=self.host, client=self.client)

    def with_ticket(
        self, ticket: str | None, path: str, method: str = "GET", **headers: str
    ) -> httpx2.Response:
        """One request with nothing but this ticket, for this path as it is: the client would resolve dot segments."""
        lines = CALL | headers | {"cookie": f"{self.session_cookie}={ticket}"}
        target = {"target": path.encode("ascii")}
        return self.client.request(method, self.url, headers=lines, extensions=target)

    def ticket(self, browser: Browser) -> str | None:
        """The browser's ticket."""
        return browser.cookies.get(self.session_cookie)


def scripted_settings(folder: Path, op: ScriptedProvider, **changes: Any) -> dict[str, Any]:
    """The provider section for a scripted provider."""
    key = folder / "op-client.pem"
    key.write_bytes(client_keys(SCRIPTED_CLIENT_ID)[0])
    key.chmod(0o600)
    return {
        "issuer": op.issuer,
        "client_id": SCRIPTED_CLIENT_ID,
        "client_auth": {
            "method": "private_key_jwt",
            "key": "file:op-client.pem",
            "algorithm": "ES256",
        },
        "algorithms": ["RS256", "ES256"],
        "timeout": "2s",
        **changes,
    }


@contextlib.contextmanager
def scripted_provider(clock: Callable[[], float] = time.time) -> Iterator[ScriptedProvider]:
    """A scripted provider on a port of its own; its person holds `RIGHTS`."""
    op = ScriptedProvider(clock=clock, client_key=ScriptedProvider.key_of(client_keys(SCRIPTED_CLIENT_ID)[0]))
    op.claims.update(RIGHTS)
    sock = free_socket()
    op.issuer = f"http://localhost:{sock.getsockname()[1]}/op"
    with serving(op.app, sock=sock, lifespan="off"):
        yield op


@contextlib.contextmanager
def _simulated_acm(
    name: str, public_url: str, clock: Callable[[], float], directory: Directory | None
) -> Iterator[AcmState]:
    """The simulator's ACM with the people of the seed; of `directory`, with Gebruikersbeheer and Mijn Profiel, where given."""
    client = Client(
        client_id=f"{CLIENT_ID}-{name}",
        name="Toegangspoort",
        redirect_uris=(f"{public_url}/oauth2/callback",),
        post_logout_redirect_uris=(f"{public_url}/oauth2/logout/callback",),
        scopes=("openid", "profile", "vo", "ovam", "offline_access"),
        jwks=client_keys(name)[1],
    )
    sock = free_socket()
    url = f"http://localhost:{sock.getsockname()[1]}"
    acm = AcmState(name, url, (client,), load_people if directory is None else directory.people, clock)
    app = create_acm(acm) if directory is None else create_portal(acm, directory)
    with serving(app, sock=sock, lifespan="off"):
        yield acm


def simulated(directory: Directory | None = None) -> Callable[..., Any]:
    """The provider is the simulator's ACM."""
    return lambda name, url, clock: _simulated_acm(name, url, clock, directory)


def scripted(_name: str, _url: str, clock: Callable[[], float]) -> Any:
    """The provider is a scripted one, which the fixture serves."""
    return scripted_provider(clock)


@contextlib.contextmanager
def gateway_fixture(
    folder: Path,
    *,
    name: str = "ti",
    provider: ScriptedProvider | Callable[..., Any] | None = None,
    backend: str | EchoUpstream | RawUpstream = NOBODY,
    rules: list[Any] | None = None,
    plugins: Sequence[str] = (PLUGINS,),
    identity: Mapping[str, Any] | None = None,
    provider_settings: Mapping[str, Any] | None = None,
    public_url: str | None = None,
    sock: socket.socket | None = None,
    clock: Any = time.time,
    fronts: Mapping[str, Mapping[str, Any]] | None = None,
    authzen: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[GatewayFixture]:
    """A gateway with its provider, both by the same clock, until the block ends.

    `provider` is a scripted one that is served already, `scripted`, or `simulated(...)`, the default. `backend` is an
    address, an EchoUpstream, which is served here, or a RawUpstream that runs. With a `public_url` of another host,
    browsers send that host. `fronts` are those of the environment, each on a free port, `authzen` the decision point,
    on a free port too. Further keywords go to the
    environment, merged in by their first key.
    """
    sock = sock or free_socket()
    port = sock.getsockname()[1]
    url = f"http://localhost:{port}"
    with contextlib.ExitStack() as stack:
        stack.callback(sock.close)
        if isinstance(provider, ScriptedProvider):
            provider.client_key = ScriptedProvider.key_of(client_keys(SCRIPTED_CLIENT_ID)[0])
            found: Any = provider
        else:
            found = stack.enter_context((provider or simulated())(name, public_url or url, clock))
        if isinstance(backend, EchoUpstream):
            upstream_url = stack.enter_context(serving(backend.app, lifespan="off")).url
        else:
            if isinstance(backend, RawUpstream) and not backend.port:
                stack.enter_context(raw_upstream(backend))
            upstream_url = backend if isinstance(backend, str) else f"http://127.0.0.1:{backend.port}"
        chosen = dict(provider_settings or {})
        if isinstance(found, ScriptedProvider):
            chosen = scripted_settings(folder, found, **chosen)
        front_sockets = {
            each: free_socket(shared=front["dialect"] == "envoy-grpc")
            for each, front in (fronts or {}).items()
        }
        for each, front_socket in front_sockets.items():
            stack.callback(front_socket.close)
            changes.setdefault("fronts", {})[each] = {
                "listen": f"127.0.0.1:{front_socket.getsockname()[1]}",
                "peers": ["127.0.0.1/32"],
                **(fronts or {})[each],
            }
        authzen_socket = None
        if authzen is not None:
            # A test whose rules name the address brings its socket.
            authzen_socket = (authzen := dict(authzen)).pop("socket", None) or free_socket()
            stack.callback(authzen_socket.close)
            address = f"127.0.0.1:{authzen_socket.getsockname()[1]}"
            # A url in a test may name the address: http://LISTEN.
            point = str(authzen.get("url", "https://pdp.test")).replace("LISTEN", address)
            changes["authzen"] = {"listen": address, **authzen, "url": point}
        environment = settings(
            folder,
            name=name,
            gateway_url=public_url or url,
            acm_url=found.issuer.removesuffix("/op"),
            upstream_url=upstream_url,
            **{"listen": f"127.0.0.1:{port}", "provider": chosen, **changes},
        )
        config = load(
            write_config(folder, {name: environment}, rules=rules, plugins=plugins, identity=identity)
        )
        observe_socket = free_socket()
        stack.callback(observe_socket.close)
        steady = time.monotonic if clock is time.time else clock
        app = Gateway(
            config,
            name,
            clock=clock,
            steady=steady,
            observe_socket=observe_socket,
            front_sockets=front_sockets,
            authzen_socket=authzen_socket,
        )
        protocol = protocol_class(
            config.environment(name).edge, refusals=Refusals(app.events, WirePages(app.answers))
        )
        stack.enter_context(serving(app, sock=sock, http=protocol, log_level="critical", log_config=None))
        host = urlsplit(public_url).netloc if public_url else None
        yield GatewayFixture(
            app,
            url,
            port,
            folder,
            name,
            clock,
            found,
            backend,
            observe_socket.getsockname()[1],
            stack.enter_context(plain_client()),
            host,
            {each: front_socket.getsockname()[1] for each, front_socket in front_sockets.items()},
            authzen_socket.getsockname()[1] if authzen_socket is not None else 0,
        )


def scripted_gateway(folder: Path, **options: Any) -> contextlib.AbstractContextManager[GatewayFixture]:
    """The fixture with a scripted provider, an echo as upstream, the open rules and a clock that tests move."""
    usual = {"provider": scripted, "backend": EchoUpstream(), "rules": OPEN_RULES, "clock": Clock()}
    return gateway_fixture(folder, **{**usual, **options})


def whole_gateway(
    folder: Path, op: ScriptedProvider, clock: StillClock, **options: Any
) -> contextlib.AbstractContextManager[GatewayFixture]:
    """A gateway for this provider, with an upstream that answers with raw bytes."""
    usual = {"backend": RawUpstream(), "session": {"store": "memory:"}}
    return gateway_fixture(folder, provider=op, clock=clock, **{**usual, **options})
