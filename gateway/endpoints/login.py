"""/oauth2/start and /oauth2/callback: from nobody to a session.

They decide where a person goes next; how a login is proven is the auth area's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.auth.login import Login
from gateway.auth.target import safe_target
from gateway.endpoints.answers import query_value, redirect, request_of
from gateway.errors import LoginFailed
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer
from gateway.pipeline import Trail
from gateway.session.sessions import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoginEndpoints:
    """The two ends of a login; `told` hears how each login ended ("ok" or a reason)."""

    login: Login
    sessions: Sessions
    told: Callable[[str], None]

    async def start(self, trail: Trail) -> Answer:
        """Begin a login that comes back to `rd`, a path of this site."""
        request = request_of(trail)
        return await self.begin(request, safe_target(query_value(request, "rd") or "/"))

    async def begin(self, request: CanonicalRequest, target: str) -> Answer:
        """Send the browser to the provider, to come back to `target`."""
        begun = await self.login.begin(target, request.cookies, language=request.language)
        return redirect(begun.location, begun.set_cookies, request=request)

    async def callback(self, trail: Trail) -> Answer:
        """Finish a login: a new ticket, and on to the page that was asked for.

        A callback that comes too late, from another tab or with the back button, does no harm to somebody who
        has a session by now: they just go on.
        """
        request = request_of(trail)
        ticket = request.cookies.get(self.sessions.cookie_name)
        query = (request.raw_query or b"").decode("latin-1")
        try:
            finished = await self.login.finish(query, request.cookies)
        except LoginFailed as failure:
            self.told(failure.reason)
            log.info("login failed", reason=failure.reason, detail=failure.detail, request_id=request.id)
            if ticket is not None and await self.sessions.open(ticket) is not None:
                return redirect(safe_target(str(failure.facts.get("target", "/"))), request=request)
            raise
        session, new_ticket = await self.sessions.create(finished.identity, finished.tokens, replaces=ticket)
        trail.session = session
        self.told("ok")
        cookies = (*finished.set_cookies, self.sessions.set_cookie(new_ticket))
        return redirect(finished.target, cookies, request=request)
