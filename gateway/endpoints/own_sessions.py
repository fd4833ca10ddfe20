"""/oauth2/sessions/end: ends another session of the same person, from the page that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from gateway.edge.forms import is_same_origin
from gateway.endpoints.requests import exchange_of, read_form
from gateway.errors import BadRequest, LoginRequired
from gateway.events import LoggedOut, OnEvent
from gateway.exchange import Caller
from gateway.responses import Response, redirect
from gateway.session.own_sessions import OwnSessions
from gateway.session.sessions import Sessions

_MOST: Final = 1_024
_SHOWN_AT: Final = "/oauth2/access#sessions"


@dataclass(frozen=True, slots=True)
class OwnSessionsEndpoint:
    """Logs a person out on another device. `clock` gives seconds since the epoch."""

    sessions: Sessions
    on_event: OnEvent
    clock: Callable[[], float]

    async def end(self, request: Request) -> Response:
        """End the session whose public id is in the field `session`, if it is one of this person.

        Raises BadRequest for a form of another site, LoginRequired.
        """
        exchange = exchange_of(request)
        if not is_same_origin(exchange.admitted, if_unknown=False):
            raise BadRequest("a logout that another site asked for", code="cross-site")
        ticket = self.sessions.ticket(exchange.admitted.cookies)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if session is None:
            raise LoginRequired("no session")
        exchange.caller = Caller(session)
        own = OwnSessions(self.sessions, self.clock)
        other = (await read_form(request, _MOST)).get("session")
        if isinstance(other, str) and await own.end(session, other):
            self.on_event(LoggedOut("other-device"))
        return redirect(_SHOWN_AT)
