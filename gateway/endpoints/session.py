"""/oauth2/userinfo and /oauth2/session: who is logged in and for how long, as JSON for a front-end. No tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from gateway.codec import IdentityView
from gateway.edge.forms import is_same_origin
from gateway.endpoints.requests import exchange_of
from gateway.errors import BadRequest, LoginRequired, NotFound
from gateway.exchange import Caller, Exchange
from gateway.identity.assertions import Assertions
from gateway.identity.attributes import acm_rights
from gateway.model import CanonicalRequest
from gateway.responses import Response, json_response
from gateway.session.recheck import Recheck
from gateway.session.sessions import PeekedSession, Sessions

# A front-end that refreshes all the time does not make the provider be asked all the time.
_YOUNG_SECONDS = 60.0
USERINFO = IdentityView(
    {
        "subject": "subject",
        "name": "name",
        "doelgroep": "doelgroep",
        "organisation": "organisation",
        "rights": acm_rights,
    }
)


@dataclass(frozen=True, slots=True)
class SessionEndpoints:
    """What a front-end may know of the session, and how it keeps it alive."""

    sessions: Sessions
    rechecks: Recheck
    assertions: Assertions
    client_jwks: Callable[[], dict[str, Any]]
    clock: Callable[[], float]

    async def userinfo(self, request: Request) -> Response:
        """Who is logged in; looking does not prolong the session. Raises LoginRequired."""
        return json_response(USERINFO((await self.peek(exchange_of(request))).session.identity))

    async def session(self, request: Request) -> Response:
        """How long the session can still last; looking does not prolong it. Raises LoginRequired."""
        return json_response(self.lifetime(await self.peek(exchange_of(request))))

    async def refresh(self, request: Request) -> Response:
        """Use the session, and ask the provider what it may do by now where that is possible without a page.

        Raises BadRequest for another site, LoginRequired.
        """
        exchange = exchange_of(request)
        if not _is_own_script(exchange.admitted):
            raise BadRequest("a refresh that no script of this site asked for", code="cross-site")
        ticket = self.sessions.ticket(exchange.admitted.cookies)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if ticket is not None and session is not None:
            session = await self.rechecks.current(ticket, session, wait=True)
        if ticket is not None and session is not None:
            session = await self.rechecks.renewed(ticket, session, younger_than=self.clock() - _YOUNG_SECONDS)
        found = await self.sessions.peek(ticket) if ticket is not None and session is not None else None
        if ticket is None or session is None or found is None:
            raise LoginRequired("no session")
        exchange.caller = Caller(session)
        successor = self.sessions.successor(ticket)
        if successor is not None:
            exchange.set_cookies.append(self.sessions.set_cookie(successor))
        return json_response(self.lifetime(found))

    async def keys(self, request: Request) -> Response:
        """The public keys of the assertion (RFC 7517)."""
        return json_response(self.assertions.jwks(), media_type="application/jwk-set+json")

    async def client_keys(self, request: Request) -> Response:
        """The public keys by which the provider knows this gateway (RFC 7517). Raises NotFound where it has none."""
        found = self.client_jwks()
        if not found["keys"]:
            raise NotFound("the client has a secret, and no keys")
        return json_response(found, media_type="application/jwk-set+json")

    def lifetime(self, found: PeekedSession) -> dict[str, Any]:
        """How long a session can still last, as plain data."""
        now, session = self.clock(), found.session
        recheck_at = self.rechecks.due_at(session)
        return {
            "active": True,
            "created_at": int(session.created_at),
            "ends_at": int(session.expires_at),
            "ends_in_seconds": _left(session.expires_at, now),
            "idle_timeout_seconds": int(self.sessions.idle_timeout),
            "idle_in_seconds": _left(min(found.idle_at, session.expires_at), now),
            "recheck_in_seconds": _left(recheck_at, now) if recheck_at is not None else None,
        }

    async def peek(self, exchange: Exchange) -> PeekedSession:
        """The session of whoever asks, which this does not prolong. Raises LoginRequired."""
        ticket = self.sessions.ticket(exchange.admitted.cookies)
        found = await self.sessions.peek(ticket) if ticket is not None else None
        if found is None:
            raise LoginRequired("no session")
        exchange.caller = Caller(found.session)
        return found


def _left(moment: float, now: float) -> int:
    return max(0, int(moment - now))


def _is_own_script(request: CanonicalRequest) -> bool:
    """Browsers say where a request comes from; anything else must send a header that no other site can."""
    return is_same_origin(request, if_unknown=request.header(b"x-requested-with") is not None)
