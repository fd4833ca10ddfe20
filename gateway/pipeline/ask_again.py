"""Before a person reads that a right is missing: the provider is asked whether they got it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.return_path import safe_target
from gateway.errors import Forbidden, GatewayError
from gateway.exchange import Exchange
from gateway.model import CanonicalRequest
from gateway.responses import Response, redirect
from gateway.session.recheck import Recheck
from gateway.session.sessions import Session

_CLAIM: Final = "asked-again"
# A refresh is one call between two servers.
_RENEW_SECONDS: Final = 10.0
# What the provider says, and may say otherwise a minute later.
_MAY_CHANGE: Final = frozenset(("right", "claim"))


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Asks with the session's refresh token, else silently through the browser.

    `silent_check`: the latter at most once in this many seconds for each session; 0.0 for never.
    """

    rechecks: Recheck
    login: LoginEndpoints
    silent_check: float

    async def __call__(self, exchange: Exchange, error: GatewayError) -> Response | None:
        """Where to send the browser so that the page is judged again; None where the denial stands.

        Raises StoreUnavailable, ProviderUnavailable, LoginFailed.
        """
        request, session = exchange.request, exchange.caller.session
        if request is None or session is None or not isinstance(error, Forbidden):
            return None
        if request.method != "GET" or not request.navigation or not _may_change(error):
            return None
        pause = _RENEW_SECONDS if session.renewable else self.silent_check
        if not pause or 0.0 <= self.login.clock() - session.checked_at < pause:
            return None
        if not await self.login.sessions.one_time.claim(_CLAIM, session.id, seconds=pause):
            return None
        if session.renewable:
            return await self._renewed(exchange, request, session)
        return await self.login.ask_silently(request, session.identity)

    async def _renewed(
        self, exchange: Exchange, request: CanonicalRequest, session: Session
    ) -> Response | None:
        ticket = request.cookies[self.login.sessions.cookie_name]
        since = self.login.clock() - _RENEW_SECONDS
        found = await self.rechecks.renewed(ticket, session, younger_than=since)
        successor = self.login.sessions.successor(ticket)
        if successor is not None:
            exchange.set_cookies.append(self.login.sessions.set_cookie(successor))
        if found is None or found.identity == session.identity:
            return None
        return redirect(safe_target(request.target.decode("latin-1")))


def _may_change(error: Forbidden) -> bool:
    return any(
        missing.kind in _MAY_CHANGE for alternative in error.decision.alternatives for missing in alternative
    )
