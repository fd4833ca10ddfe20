"""/oauth2/sign_out and what belongs to it: from a session to nobody, here and at the provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from gateway.auth.hints import login_hint
from gateway.auth.logout import Logout, LogoutCookie
from gateway.edge.forms import is_same_origin
from gateway.endpoints.login_loop import LoopCookie
from gateway.endpoints.requests import exchange_of, query_value
from gateway.endpoints.return_path import safe_target
from gateway.errors import BadRequest, ProviderUnavailable
from gateway.events import LoggedOut, OnEvent
from gateway.exchange import Caller
from gateway.model import CanonicalRequest
from gateway.pages.screens import Screens
from gateway.responses import Response, cookie_lines, redirect
from gateway.session.ending import end_all
from gateway.session.sessions import Session, Sessions


@dataclass(frozen=True, slots=True)
class LogoutEndpoints:
    """Ends sessions. A logout also clears the count of logins (`loop_cookie`): somebody who leaves is not in a loop.

    `register_cookies` gives the Set-Cookie values that remove the register's own sessions from the browser.
    """

    logout: Logout
    cookie: LogoutCookie
    sessions: Sessions
    loop_cookie: LoopCookie
    screens: Screens
    on_event: OnEvent
    register_cookies: Callable[[CanonicalRequest], tuple[str, ...]]

    async def sign_out(self, request: Request) -> Response:
        """End the session here, or with `everywhere` all of this person, and go on to the provider's logout.

        The way back leads to `rd`, or to a page that says that somebody is logged out. Another site cannot log
        people out: its requests are refused. Raises BadRequest for those.
        """
        wanted = query_value(request, "rd")
        session = await self._end(
            request, "provider", everywhere=query_value(request, "everywhere") is not None
        )
        leaving, begun = self.cookie.begin(safe_target(wanted) if wanted else "")
        id_token = session.tokens.id_token if session is not None and session.tokens is not None else None
        try:
            location = await self.logout.location(leaving.state, id_token=id_token)
        except ProviderUnavailable:
            location = None
        if location is None:
            return self._screen(request, self._cleared(request, session), everywhere=False)
        return redirect(location, (*self._cleared(request, session), begun))

    async def local(self, request: Request) -> Response:
        """End the session here only."""
        everywhere = query_value(request, "everywhere") is not None
        session = await self._end(request, "local", everywhere=everywhere)
        return self._screen(request, self._cleared(request, session), everywhere=False)

    async def switch(self, request: Request) -> Response:
        """End the session here, let the person choose another identity at the provider, and come back to `rd`.

        `doelgroep` and `organisation` say which identity, so that nothing has to be chosen. Raises BadRequest.
        """
        start = _start_of(request)
        session = await self._end(request, "switch", everywhere=False)
        leaving, begun = self.cookie.begin(start)
        try:
            location = await self.logout.location(leaving.state, switch=True)
        except ProviderUnavailable:
            location = None
        return redirect(location or start, (*self._cleared(request, session), begun))

    async def callback(self, request: Request) -> Response:
        """The way back from the provider: on to where this browser wanted to go, else "you are logged out".

        Somebody who comes here without having logged out sees nothing that is untrue.
        """
        leaving = self.cookie.finish(query_value(request, "state"), exchange_of(request).admitted.cookies)
        if leaving is not None and leaving.onward:
            return redirect(_safe_onward(leaving.onward), (self.cookie.clear(),))
        ticket = exchange_of(request).admitted.cookies.get(self.sessions.cookie_name)
        if ticket is not None and await self.sessions.peek(ticket) is not None:
            return redirect("/")
        return self._screen(request, (self.cookie.clear(),), everywhere=leaving is not None)

    async def _end(self, request: Request, operation: str, *, everywhere: bool) -> Session | None:
        exchange = exchange_of(request)
        if not is_same_origin(exchange.admitted, if_unknown=True):
            raise BadRequest("a logout that another site asked for", code="cross-site")
        ticket = exchange.admitted.cookies.get(self.sessions.cookie_name)
        if ticket is None:
            return None
        if everywhere:
            await self._end_others(ticket)
        session = await self.sessions.end(ticket)
        exchange.caller = Caller(session)
        if session is not None and everywhere:
            await end_all(self.sessions, lambda _: True, subject=session.identity.subject)
        self.on_event(LoggedOut(operation))
        return session

    async def _end_others(self, ticket: str) -> None:
        # Before the session itself: where the store fails, it still says whose the others are when the person tries again.
        found = await self.sessions.peek(ticket)
        if found is not None:
            own = found.session
            await end_all(
                self.sessions, lambda each: each.created_at != own.created_at, subject=own.identity.subject
            )

    def _cleared(self, request: Request, session: Session | None) -> tuple[str, ...]:
        ended = (*self.sessions.clear_cookies(), *self.register_cookies(exchange_of(request).admitted))
        # Without a session to end nothing shows that logins work here: the count goes on.
        return ended if session is None else (*ended, self.loop_cookie.clear_cookie())

    def _screen(self, request: Request, cookies: tuple[str, ...], *, everywhere: bool) -> Response:
        admitted = exchange_of(request).admitted
        return self.screens.logged_out(
            admitted.language, everywhere=everywhere, request_id=admitted.id, lines=cookie_lines(cookies)
        )


_START = "/oauth2/start?"


def _start_of(request: Request) -> str:
    """Where the login for another identity begins. Raises BadRequest for an identity that makes no sense."""
    asked = {name: query_value(request, name) for name in ("doelgroep", "organisation")}
    try:
        login_hint(asked["doelgroep"], asked["organisation"])
    except ValueError as problem:
        raise BadRequest(str(problem), code="login-hint") from problem
    given = {name: value for name, value in asked.items() if value is not None}
    return _START + urlencode({"rd": safe_target(query_value(request, "rd") or "/"), **given})


def _safe_onward(onward: str) -> str:
    """A cookie may come from anybody: only the start of a login, which judges for itself, and paths of this site."""
    if onward.startswith(_START) and onward.isascii() and onward.isprintable():
        return onward
    return safe_target(onward)
