"""Which path and method leads to which endpoint. Everything else under the reserved prefix does not exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.endpoints.access import AccessEndpoint
from gateway.endpoints.answers import request_of, whole_body
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.logout import LogoutEndpoints
from gateway.endpoints.notices import LogoutNotices
from gateway.endpoints.resume import Resume
from gateway.endpoints.session import SessionEndpoints
from gateway.errors import MethodNotAllowed, NotFound
from gateway.pages.render import Answer
from gateway.trail import Endpoint, Receive, Send, Trail, send_answer

Handler = Callable[[Trail], Awaitable[Answer]]
Reader = Callable[[Trail, bytes], Awaitable[Answer]]
_READ = frozenset(("GET", "HEAD"))
_ACT = frozenset(("GET", "POST"))


@dataclass(frozen=True, slots=True)
class _Served:
    methods: frozenset[str]
    handler: Handler

    async def __call__(self, trail: Trail, receive: Receive, send: Send) -> None:
        if request_of(trail).method not in self.methods:
            raise MethodNotAllowed("own endpoint", allow=", ".join(sorted(self.methods)))
        await send_answer(trail, await self.handler(trail), send)


@dataclass(frozen=True, slots=True)
class _Posted:
    """A POST whose body is read whole, because it is small."""

    handler: Reader
    most: int = 65_536

    async def __call__(self, trail: Trail, receive: Receive, send: Send) -> None:
        if request_of(trail).method != "POST":
            raise MethodNotAllowed("own endpoint", allow="POST")
        await send_answer(trail, await self.handler(trail, await whole_body(receive, self.most)), send)


async def _unknown(trail: Trail, receive: Receive, send: Send) -> None:
    raise NotFound("own endpoint that does not exist")


def endpoint_table(
    login: LoginEndpoints,
    logout: LogoutEndpoints,
    notices: LogoutNotices,
    session: SessionEndpoints,
    access: AccessEndpoint,
    resume: Resume,
) -> Mapping[str, Endpoint]:
    """The endpoints by path; "/oauth2/**" stands for the rest of the reserved prefix."""
    return {
        "/oauth2/start": _Served(frozenset(("GET",)), login.start),
        "/oauth2/callback": _Served(frozenset(("GET",)), login.callback),
        "/oauth2/sign_out": _Served(_ACT, logout.sign_out),
        "/oauth2/logout/local": _Served(_ACT, logout.local),
        "/oauth2/logout/callback": _Served(_READ, logout.callback),
        "/oauth2/logout/backchannel": _Posted(notices.backchannel),
        "/oauth2/logout/frontchannel": _Served(_READ, notices.frontchannel),
        "/oauth2/switch": _Served(_ACT, logout.switch),
        "/oauth2/resume": _Served(frozenset(("GET",)), resume.page),
        "/oauth2/userinfo": _Served(_READ, session.userinfo),
        "/oauth2/session": _Served(_READ, session.session),
        "/oauth2/access": _Served(_READ, access.access),
        "/oauth2/session/refresh": _Served(frozenset(("POST",)), session.refresh),
        "/.well-known/jwks.json": _Served(_READ, session.keys),
        "/oauth2/**": _unknown,
    }
