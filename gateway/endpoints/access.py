"""/oauth2/access, "my access": what the person who is logged in may do, what not and why, and who can help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from gateway.endpoints.requests import exchange_of
from gateway.errors import LoginRequired
from gateway.exchange import Caller, Judgement
from gateway.model import CanonicalRequest, RuleAccess
from gateway.pages.screens import Screens
from gateway.policy.ruleset import RuleSet
from gateway.responses import Response
from gateway.session.sessions import Sessions


@dataclass(frozen=True, slots=True)
class AccessEndpoint:
    """What the rules in force give one person. `rules` gives those of this moment, `access_of` asks them."""

    sessions: Sessions
    screens: Screens
    rules: Callable[[], RuleSet]
    access_of: Callable[..., Sequence[RuleAccess]]

    async def access(self, request: Request) -> Response:
        """A page for people, JSON for programs. Raises LoginRequired."""
        exchange = exchange_of(request)
        admitted = exchange.admitted
        ticket = admitted.cookies.get(self.sessions.cookie_name)
        session = await self.sessions.open(ticket) if ticket is not None else None
        if session is None:
            raise LoginRequired("no session")
        rules = self.rules()
        exchange.caller, exchange.judgement = Caller(session), Judgement(rules.hash)
        # With very many rules this takes a while, which must not hold up other requests.
        found = await asyncio.to_thread(
            self.access_of,
            rules,
            session.identity,
            host=admitted.host,
            client=admitted.client,
            now=exchange.now,
        )
        if not _wants_page(admitted):
            return self.screens.access_data(
                admitted.language, identity=session.identity, reach=found, expires_at=session.expires_at
            )
        return self.screens.access(
            admitted.language,
            identity=session.identity,
            reach=found,
            expires_at=session.expires_at,
            labels={(right.right, right.context): right.label for right in rules.rights.values()},
            request_id=admitted.id,
        )


def _wants_page(request: CanonicalRequest) -> bool:
    accepts = (request.header(b"accept") or b"").lower()
    return b"text/html" in accepts or (request.navigation and b"json" not in accepts)
