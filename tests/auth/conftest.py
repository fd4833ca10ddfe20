"""A scripted provider on a free port, a clock that tests turn, and the gateway's side of a login against them."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from joserfc.jwk import RSAKey

from gateway.auth.login import Login, LoginRedirect, LoginResult
from gateway.auth.provider import Provider
from gateway.auth.settings import ClaimSettings, ProviderSettings, RightsSettings
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.auth.whole import Whole, whole_gateway
from tests.keys import client_keys
from tests.running import serving

_PLAIN = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # never used: making the default one takes longer than a test


@dataclass
class Clock:
    """Seconds since the epoch; it stands still until a test turns it."""

    now: float = field(default_factory=lambda: float(int(time.time())))

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Stage:
    """Where the provider of the test that runs now is served: one server for all tests, which costs less."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    found = Stage()
    with serving(found, lifespan="off") as running:
        yield found, running.url


@pytest.fixture
def op(clock: Clock, stage: tuple[Stage, str]) -> ScriptedProvider:
    """The provider, running."""
    found = ScriptedProvider(clock=clock, client_key=RSAKey.import_key(client_keys(CLIENT_ID)[0]))
    found.issuer = f"{stage[1]}/op"
    stage[0].app = found.app
    return found


@pytest.fixture
def settings(op: ScriptedProvider, tmp_path: Path) -> Callable[..., ProviderSettings]:
    """Settings for the provider; what is given replaces the usual."""
    for name, content in (("client.pem", client_keys(CLIENT_ID)[0]), ("secret", SECRET.encode())):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)

    def made(**changes: Any) -> ProviderSettings:
        usual = {
            "issuer": op.issuer,
            "client_id": CLIENT_ID,
            "client_auth": {"method": "private_key_jwt", "key": "file:client.pem"},
            "algorithms": ("RS256", "ES256"),
            "timeout": "2s",
        }
        return ProviderSettings.model_validate(usual | changes, context={"folder": tmp_path})

    return made


@pytest.fixture(scope="module")
def gateway_of_module(
    request: pytest.FixtureRequest, stage: tuple[Stage, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Whole]:
    """One gateway for a module, as its `make_whole` says: starting one takes longer than most tests."""
    clock = Clock()
    provider = ScriptedProvider(clock=clock, issuer=f"{stage[1]}/op")
    made = getattr(request.module, "make_whole", whole_gateway)
    with made(tmp_path_factory.mktemp("whole"), provider, clock) as found:
        yield found


@pytest.fixture
def whole(gateway_of_module: Whole, stage: tuple[Stage, str]) -> Whole:
    """The gateway of the module, long after the last test: nothing that was remembered holds any more."""
    found = gateway_of_module
    found.op.forget()
    found.op.clock = found.clock
    found.clock.now += 100_000
    found.upstream.received.clear()
    stage[0].app = found.op.app
    return found


@dataclass
class Browser:
    """What a browser does in a login: it keeps the gateway's cookies and follows the provider's redirect."""

    login: Login
    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, set_cookies: tuple[str, ...]) -> None:
        for line in set_cookies:
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in attributes:
                del self.cookies[name]

    async def begin(self, target: str = "/reports?page=2", **options: Any) -> LoginRedirect:
        begun = await self.login.begin(target, self.cookies, **options)
        self.take(begun.set_cookies)
        return begun

    async def visit(self, location: str) -> str:
        """Log in at the provider; the query of the callback that it sends the browser to."""
        async with httpx2.AsyncClient(trust_env=False, verify=_PLAIN) as client:
            answer = await client.get(location)
        assert answer.status_code == 302, answer.text
        return urlsplit(answer.headers["location"]).query

    async def finish(self, query: str) -> LoginResult:
        finished = await self.login.finish(query, self.cookies)
        self.take(finished.set_cookies)
        return finished

    async def log_in(self) -> LoginResult:
        return await self.finish(await self.visit((await self.begin()).location))


@dataclass
class Side:
    """The gateway's side of a login."""

    provider: Provider
    login: Login

    def browser(self) -> Browser:
        return Browser(self.login)


@pytest.fixture
async def gate(settings: Callable[..., ProviderSettings], clock: Clock) -> AsyncIterator[Callable[..., Any]]:
    """Opens a gateway's side with these settings; all are closed at the end."""
    opened: list[Side] = []

    async def made(*, environment: str = "ti", public_url: str = "https://gw.test", **changes: Any) -> Side:
        provider = Provider(settings(**changes), clock=clock, steady=clock)
        login = Login(
            provider,
            ClaimSettings(),
            RightsSettings(),
            environment=environment,
            public_url=public_url,
            key=lambda: b"k" * 32,
            clock=clock,
            steady=clock,
        )
        side = Side(provider, login)
        opened.append(side)
        await provider.start()
        await login.start()
        return side

    yield made
    for side in opened:
        await side.login.aclose()
        await side.provider.aclose()
