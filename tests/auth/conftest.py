"""A scripted provider on a free port, a clock that tests turn, and the gateway's side of a login against them."""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway.auth.login import Login, LoginRedirect, LoginResult
from gateway.auth.provider import Provider
from gateway.auth.settings import ClaimSettings, ProviderSettings, RightsSettings
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.gateway_fixture import Stage, StillClock
from tests.keys import client_keys

_PLAIN = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # never used: making the default one takes longer than a test


@dataclass
class Connects:
    """Where connections were opened to, as host:port, while `on`."""

    peers: set[str] = field(default_factory=set)
    on: bool = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.peers.add(f"{arguments[1][0]}:{arguments[1][1]}")


@pytest.fixture(scope="session")
def heard_connects() -> Connects:
    """One for all tests: a hook for audits can't be taken away again."""
    found = Connects()
    sys.addaudithook(found.hear)
    return found


@pytest.fixture
def connects(heard_connects: Connects) -> Iterator[Connects]:
    """Where the test and the gateway connect to."""
    heard_connects.peers.clear()
    heard_connects.on = True
    yield heard_connects
    heard_connects.on = False


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def op(clock: StillClock, stage: tuple[Stage, str]) -> ScriptedProvider:
    """The provider, running."""
    found = ScriptedProvider(clock=clock, client_key=ScriptedProvider.key_of(client_keys(CLIENT_ID)[0]))
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
            "client_auth": {"method": "private_key_jwt", "key": "file:client.pem", "algorithm": "ES256"},
            "algorithms": ("RS256", "ES256"),
            "timeout": "2s",
        }
        return ProviderSettings.model_validate(usual | changes, context={"folder": tmp_path})

    return made


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
async def gate(
    settings: Callable[..., ProviderSettings], clock: StillClock
) -> AsyncIterator[Callable[..., Any]]:
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
            keys=lambda: (b"k" * 32,),
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
