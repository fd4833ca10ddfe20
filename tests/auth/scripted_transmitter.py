"""A transmitter of security events for tests: its metadata and keys over HTTP, and tokens that it signs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.auth.scripted_provider import public, signed
from tests.running import free_socket, serving

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
AUDIENCE = "https://register.test/signals/ti"
CREDENTIAL = {"credential_type": "fido2-roaming"}


class ScriptedTransmitter:
    """`metadata` are changes of what it states; `keys` the names of the keys that it publishes."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.metadata: dict[str, Any] = {}
        self.keys = ["t1"]
        self.asked: list[str] = []

    @property
    def app(self) -> Starlette:
        """Its metadata and keys."""
        return Starlette(
            routes=[
                Route("/.well-known/ssf-configuration/{rest:path}", self._stated),
                Route("/jwks", self._keys),
            ]
        )

    async def _stated(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        origin = self.issuer.rpartition("/")[0]
        return JSONResponse({"issuer": self.issuer, "jwks_uri": f"{origin}/jwks", **self.metadata})

    async def _keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": [public(name) for name in self.keys]})

    def claims(self, now: float, kind: str, about: Any, **changes: Any) -> dict[str, Any]:
        """The claims of a token with one event; those that are None are left out. `event` has the event's own."""
        event = changes.pop("event", {})
        claims = {
            "iss": self.issuer, "aud": AUDIENCE, "iat": int(now), "jti": uuid4().hex, "sub_id": about, "events": {kind: event},
        } | changes  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, now: float, kind: str, about: Any, *, header: Any = None, **changes: Any) -> str:
        """The same, signed."""
        return signed(
            self.claims(now, kind, about, **changes),
            **{"name": "t1", "typ": "secevent+jwt", **(header or {})},
        )


@contextmanager
def scripted_transmitter() -> Iterator[ScriptedTransmitter]:
    """A transmitter whose issuer has a path, on a free port, until the block ends."""
    sock = free_socket()
    found = ScriptedTransmitter(f"http://localhost:{sock.getsockname()[1]}/tenant")
    with serving(found.app, sock=sock, lifespan="off"):
        yield found
