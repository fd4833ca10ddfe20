"""A whole gateway in front of the scripted provider, both real servers, and a browser that goes between them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from gateway.app import Gateway
from gateway.config import load
from gateway.edge.protocol import protocol_class
from simulator.run import bind, url_of
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.gateways import settings, write_config
from tests.keys import client_keys
from tests.running import RawUpstream, raw_upstream, serving

PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
# Each visitor keeps cookies of its own.
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])
PRESSED = {**PAGE, "sec-fetch-user": "?1"}


@dataclass
class Visitor:
    """A browser: it keeps the gateway's cookies, and goes to the provider and back when a test tells it to."""

    url: str
    client: httpx2.Client
    cookies: dict[str, str] = field(default_factory=dict)
    refuses: Callable[[str], bool] = lambda _name: False

    def go(
        self, target: str, *, method: str = "GET", headers: dict[str, str] = PAGE, **options: Any
    ) -> httpx2.Response:
        """One request to the gateway, with its cookies."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**headers, **({"cookie": cookie} if cookie else {})}
        answer = self.client.request(method, f"{self.url}{target}", headers=headers, **options)
        for line in answer.headers.get_list("set-cookie"):
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in attributes and not self.refuses(name):
                self.cookies[name] = value
        return answer

    def at_provider(self, answer: httpx2.Response) -> str:
        """Follow a redirect to the provider and log in there; the target that it sends the browser back to."""
        assert answer.status_code == 302, answer.text
        back = self.client.get(answer.headers["location"])
        assert back.status_code == 302, back.text
        return urlsplit(back.headers["location"])._replace(scheme="", netloc="").geturl()

    def log_in(self, target: str = "/echo") -> httpx2.Response:
        """A whole login that begins with a navigation; the answer of the callback."""
        return self.go(self.at_provider(self.go(target)))

    @property
    def logged_in(self) -> bool:
        return any(name.endswith("-session") for name in self.cookies)


@dataclass
class Whole:
    """A running gateway with what stands around it."""

    gateway: Gateway
    url: str
    op: ScriptedProvider
    upstream: RawUpstream
    client: httpx2.Client
    clock: Any

    def visitor(self) -> Visitor:
        return Visitor(self.url, self.client)


@contextlib.contextmanager
def whole_gateway(
    folder: Path,
    op: ScriptedProvider,
    clock: Any,
    *,
    provider: dict[str, Any] | None = None,
    rules: list[Any] | None = None,
    **changes: Any,
) -> Iterator[Whole]:
    """A gateway for the scripted provider; `provider` changes its settings, `changes` those of the environment."""
    sock = bind(0)
    url = url_of(sock)
    op.client_key = op.key_of(client_keys("ti")[0])
    with raw_upstream() as upstream:
        environment = settings(
            folder,
            name="ti",
            gateway_url=url,
            acm_url=op.issuer.removesuffix("/op"),
            upstream_url=f"http://127.0.0.1:{upstream.port}",
            **changes,
        )
        environment["provider"] |= {
            "client_id": CLIENT_ID,
            "algorithms": ["RS256", "ES256"],
            **(provider or {}),
        }
        environment["session"]["store"] = "memory:"
        environment["observe"]["log_level"] = "debug"
        config = load(write_config(folder, {"ti": environment}, rules=rules))
        app = Gateway(config, "ti", clock=clock, steady=clock)
        with (
            serving(
                app,
                sock=sock,
                http=protocol_class(config.environment("ti").edge),
                log_level="critical",
                log_config=None,
            ),
            httpx2.Client(
                trust_env=False, follow_redirects=False, timeout=5, cookies=CookieJar(_NO_COOKIES)
            ) as client,
        ):
            yield Whole(app, url, op, upstream, client, clock)
