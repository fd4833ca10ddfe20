"""/oauth2/userinfo and /oauth2/session: who is logged in and for how long, as JSON for a front-end. No tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.endpoints.answers import as_json, request_of
from gateway.errors import LoginRequired
from gateway.identity.assertions import Assertions
from gateway.identity.attributes import spelled
from gateway.pages.render import Answer
from gateway.pipeline import Trail
from gateway.session.sessions import Session, Sessions


@dataclass(frozen=True, slots=True)
class SessionEndpoints:
    """What a front-end may know of the session."""

    sessions: Sessions
    assertions: Assertions
    clock: Callable[[], float]

    async def userinfo(self, trail: Trail) -> Answer:
        """Who is logged in. Raises LoginRequired."""
        identity = (await self._session(trail)).identity
        organisation = identity.organisation
        content = {
            "subject": identity.subject,
            "name": identity.name,
            "doelgroep": identity.doelgroep,
            "organisation": {"code": organisation.code, "name": organisation.name} if organisation else None,
            "rights": [spelled(right) for right in identity.rights],
        }
        return as_json(content, request=request_of(trail))

    async def session(self, trail: Trail) -> Answer:
        """How long the session can still last. Raises LoginRequired."""
        session = await self._session(trail)
        now = self.clock()
        content = {
            "active": True,
            "created_at": int(session.created_at),
            "ends_at": int(session.expires_at),
            "ends_in_seconds": max(0, int(session.expires_at - now)),
            "idle_timeout_seconds": int(self.sessions.idle_timeout),
        }
        return as_json(content, request=request_of(trail))

    async def keys(self, trail: Trail) -> Answer:
        """The public keys of the assertion (RFC 7517)."""
        return as_json(self.assertions.jwks(), request=request_of(trail), kind="application/jwk-set+json")

    async def _session(self, trail: Trail) -> Session:
        ticket = request_of(trail).cookies.get(self.sessions.cookie_name)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if session is None:
            raise LoginRequired("no session")
        trail.session = session
        return session
