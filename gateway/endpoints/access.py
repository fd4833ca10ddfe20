"""/oauth2/access, "my access": what is open to whoever is logged in, what is not and why, and who helps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gateway.analysis.access import access_of
from gateway.endpoints.answers import request_of
from gateway.errors import LoginRequired
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer
from gateway.pages.screens import Screens
from gateway.policy.ruleset import RuleSet
from gateway.session.sessions import Sessions
from gateway.trail import Trail


@dataclass(frozen=True, slots=True)
class AccessEndpoint:
    """The rules in force, as they stand to one person. `rules` gives those of this moment."""

    sessions: Sessions
    screens: Screens
    rules: Callable[[], RuleSet]

    async def access(self, trail: Trail) -> Answer:
        """A page for people, JSON for programs. Raises LoginRequired."""
        request = request_of(trail)
        ticket = request.cookies.get(self.sessions.cookie_name)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if session is None:
            raise LoginRequired("no session")
        trail.session = session
        rules = self.rules()
        trail.rules = rules.hash
        # With very many rules this takes a while, which must not hold up other requests.
        found = await asyncio.to_thread(
            access_of, rules, session.identity, host=request.host, client=request.client, now=trail.now
        )
        if not _wants_page(request):
            return self.screens.access_data(
                request.language,
                identity=session.identity,
                reach=found,
                expires_at=session.expires_at,
                method=request.method,
            )
        return self.screens.access(
            request.language,
            identity=session.identity,
            reach=found,
            expires_at=session.expires_at,
            labels={(right.right, right.context): right.label for right in rules.rights.values()},
            request_id=request.id,
            method=request.method,
        )


def _wants_page(request: CanonicalRequest) -> bool:
    accepts = b",".join(value for name, value in request.headers if name == b"accept").lower()
    return b"text/html" in accepts or (request.navigation and b"json" not in accepts)
