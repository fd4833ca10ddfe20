"""Which path and method leads to which own endpoint. Everything else under the reserved prefix gets 404."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route, Router

from gateway.edge.path import is_own
from gateway.endpoints.access import AccessEndpoint
from gateway.endpoints.bar import BarEndpoints
from gateway.endpoints.bound import BoundEndpoints
from gateway.endpoints.fragment import PATH as FRAGMENT_PATH
from gateway.endpoints.fragment import FragmentPage
from gateway.endpoints.kept_forms import PATH, KeptForms
from gateway.endpoints.language import LanguageEndpoint
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.logout import LogoutEndpoints
from gateway.endpoints.notices import LogoutNotices
from gateway.endpoints.own_sessions import OwnSessionsEndpoint
from gateway.endpoints.requests import request_of
from gateway.endpoints.robots import PATH as ROBOTS
from gateway.endpoints.robots import Robots
from gateway.endpoints.session import SessionEndpoints
from gateway.endpoints.signals import PATH as SIGNALS
from gateway.endpoints.signals import SignalsEndpoint
from gateway.errors import BadRequest, MethodNotAllowed, NotFound
from gateway.exchange import Exchange
from gateway.pages.bar import SCRIPT
from gateway.responses import Receive, Response, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]
_READ = ("GET", "HEAD")
_ACT = ("GET", "POST")
_JWKS = "/.well-known/jwks.json"
# The first is the one that pages use; the others are those of oauth2-proxy and Wonderwall.
_STARTS = ("/oauth2/start", "/oauth2/sign_in", "/oauth2/login")
_SIGN_OUTS = ("/oauth2/sign_out", "/oauth2/logout")
_BACKCHANNELS = ("/oauth2/logout/backchannel", "/oauth2/backchannel-logout")


class OwnEndpoints:
    """The own paths of one environment."""

    def __init__(
        self,
        *,
        login: LoginEndpoints,
        logout: LogoutEndpoints,
        notices: LogoutNotices,
        session: SessionEndpoints,
        access: AccessEndpoint,
        own: OwnSessionsEndpoint,
        forms: KeptForms,
        fragment: FragmentPage,
        language: LanguageEndpoint,
        robots: Robots,
        bar: BarEndpoints | None = None,
        signals: SignalsEndpoint | None = None,
        bound: BoundEndpoints | None = None,
    ) -> None:
        self._robots = robots
        only_tell = _only_tell(session, robots, bar)
        routes = [
            *only_tell,
            *(_route(path, login.start, ("GET",)) for path in _STARTS),
            _route(FRAGMENT_PATH, fragment.page, ("GET",)),
            _route("/oauth2/callback", login.callback, ("GET",)),
            *(_route(path, logout.sign_out, _ACT) for path in _SIGN_OUTS),
            _route("/oauth2/logout/local", logout.local, _ACT),
            _route("/oauth2/logout/callback", logout.callback, _READ),
            *(_route(path, notices.backchannel, ("POST",)) for path in _BACKCHANNELS),
            _route("/oauth2/logout/frontchannel", notices.frontchannel, _READ),
            _route("/oauth2/switch", logout.switch, _ACT),
            _route(PATH, forms.page, ("GET",)),
            _route("/oauth2/session/refresh", session.refresh, ("POST",)),
            _route("/oauth2/access", access.access, _READ),
            _route("/oauth2/sessions/end", own.end, ("POST",)),
            _route("/oauth2/language", language.choose, ("GET",)),
        ]
        if signals is not None:
            routes.append(_route(SIGNALS, signals.push, ("POST",)))
        if bound is not None:
            routes += [_route(path, endpoint, ("POST",)) for path, endpoint in bound.routes]
        self.paths = frozenset(route.path for route in routes)
        self._only_tell = frozenset(route.path for route in only_tell)
        self._router = Router(routes, redirect_slashes=False, default=_not_found)

    def serves(self, exchange: Exchange) -> bool:
        """Whether this request is for the gateway itself; the register never sees the reserved prefix."""
        request = exchange.admitted
        return (
            is_own(request.segments)
            or (request.doubt is not None and any(map(is_own, request.doubt.readings)))
            or (request.path == ROBOTS and self._robots.serves(request))
        )

    async def respond(self, exchange: Exchange) -> None:
        """Answer the request. Raises a GatewayError; then nothing was sent."""
        request = request_of(exchange)
        if exchange.admitted.viewer == "ahead" and exchange.admitted.path not in self._only_tell:
            raise BadRequest("a prefetch cannot begin or end a login", code="prefetch")
        if exchange.admitted.path in self.paths:
            exchange.endpoint = exchange.admitted.path
        try:
            await self._router(request.scope, request.receive, exchange.send)
        except HTTPException as refused:
            if refused.status_code != 405:
                raise
            allowed = (refused.headers or {}).get("Allow", "")
            raise MethodNotAllowed("own endpoint", allow=", ".join(sorted(allowed.split(", ")))) from refused


def _only_tell(session: SessionEndpoints, robots: Robots, bar: BarEndpoints | None) -> list[Route]:
    """The routes that change nothing: a browser may also fetch them ahead of time."""
    found = [
        _route("/oauth2/userinfo", session.userinfo, _READ),
        _route("/oauth2/session", session.session, _READ),
        _route(_JWKS, session.keys, _READ),
        _route("/oauth2/client-jwks.json", session.client_keys, _READ),
        _route(ROBOTS, robots.robots, _READ),
    ]
    if bar is not None:
        found += [_route(SCRIPT, bar.script, _READ), _route("/oauth2/bar", bar.state, _READ)]
    return found


def _route(path: str, endpoint: Endpoint, methods: Collection[str]) -> Route:
    route = Route(path, endpoint, methods=list(methods))
    # Starlette adds HEAD to every GET, but a HEAD must not begin or use up a login.
    route.methods = set(methods)
    return route


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> NoReturn:
    raise NotFound("own endpoint that does not exist")
