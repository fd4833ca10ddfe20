"""/oauth2/userinfo and /oauth2/session: who is logged in and for how long, as JSON for a front-end. No tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.codec import IdentityView
from gateway.edge.forms import from_this_site
from gateway.endpoints.answers import as_json, request_of, same_site
from gateway.errors import BadRequest, LoginRequired
from gateway.identity.assertions import Assertions
from gateway.identity.attributes import spelled_rights
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer
from gateway.session.recheck import Recheck
from gateway.session.sessions import Session, Sessions
from gateway.trail import Trail

# A front-end that refreshes all the time does not make the provider be asked all the time.
_YOUNG_SECONDS = 60.0
USERINFO = IdentityView(
    {
        "subject": "subject",
        "name": "name",
        "doelgroep": "doelgroep",
        "organisation": "organisation",
        "rights": spelled_rights,
    }
)


@dataclass(frozen=True, slots=True)
class SessionEndpoints:
    """What a front-end may know of the session, and how it keeps it alive."""

    sessions: Sessions
    rechecks: Recheck
    assertions: Assertions
    clock: Callable[[], float]

    async def userinfo(self, trail: Trail) -> Answer:
        """Who is logged in; looking does not prolong the session. Raises LoginRequired."""
        session, _ = await self._looked_at(trail)
        return as_json(USERINFO(session.identity), request=request_of(trail))

    async def session(self, trail: Trail) -> Answer:
        """How long the session can still last; looking does not prolong it. Raises LoginRequired."""
        session, idle_at = await self._looked_at(trail)
        return self._told(trail, session, idle_at)

    async def refresh(self, trail: Trail) -> Answer:
        """Use the session, and ask the provider what it may do by now where that is possible without a page.

        Raises BadRequest for another site, LoginRequired.
        """
        request = request_of(trail)
        if not _is_own_script(request):
            raise BadRequest("a refresh that no script of this site asked for", code="cross-site")
        ticket = request.cookies.get(self.sessions.cookie_name)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if ticket is not None and session is not None:
            session = await self.rechecks.current(ticket, session)
        if ticket is not None and session is not None:
            session = await self.rechecks.renewed(ticket, session, younger_than=self.clock() - _YOUNG_SECONDS)
        found = await self.sessions.look(ticket) if ticket is not None and session is not None else None
        if ticket is None or session is None or found is None:
            raise LoginRequired("no session")
        trail.session = session
        successor = self.sessions.successor(ticket)
        if successor is not None:
            trail.cookies.append((b"set-cookie", self.sessions.set_cookie(successor).encode("ascii")))
        return self._told(trail, *found)

    async def keys(self, trail: Trail) -> Answer:
        """The public keys of the assertion (RFC 7517)."""
        return as_json(self.assertions.jwks(), request=request_of(trail), kind="application/jwk-set+json")

    def _told(self, trail: Trail, session: Session, idle_at: float) -> Answer:
        now = self.clock()
        recheck_at = self.rechecks.due_at(session)
        content = {
            "active": True,
            "created_at": int(session.created_at),
            "ends_at": int(session.expires_at),
            "ends_in_seconds": _left(session.expires_at, now),
            "idle_timeout_seconds": int(self.sessions.idle_timeout),
            "idle_in_seconds": _left(min(idle_at, session.expires_at), now),
            "recheck_in_seconds": _left(recheck_at, now) if recheck_at is not None else None,
        }
        return as_json(content, request=request_of(trail))

    async def _looked_at(self, trail: Trail) -> tuple[Session, float]:
        ticket = request_of(trail).cookies.get(self.sessions.cookie_name)
        found = await self.sessions.look(ticket) if ticket is not None else None
        if found is None:
            raise LoginRequired("no session")
        trail.session = found[0]
        return found


def _left(moment: float, now: float) -> int:
    return max(0, int(moment - now))


def _is_own_script(request: CanonicalRequest) -> bool:
    """Browsers say where a request comes from; what says nothing must carry a header that no other site can send."""
    if not same_site(request):
        return False
    return from_this_site(request) or any(name == b"x-requested-with" for name, _ in request.headers)
