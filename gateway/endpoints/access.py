"""/oauth2/access, "my access": what the person who is logged in may do, what not and why, and who can help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cachetools import TTLCache
from starlette.requests import Request

from gateway.endpoints.requests import exchange_of, query_value
from gateway.errors import LoginRequired, Overloaded, StoreUnavailable
from gateway.exchange import Caller, Judgement
from gateway.model import CanonicalRequest, Identity
from gateway.pages.access import Lasting, MyAccess
from gateway.plan import RuleAccess
from gateway.policy.ruleset import RuleSet
from gateway.responses import Response
from gateway.session.own_sessions import OwnSession, OwnSessions
from gateway.session.sessions import Session, Sessions

# How many requests can wait for their turn; then the answer is 503.
_MOST_WAITING: Final = 4
# Answers depend on the moment, by opening hours: they are kept for a short while only.
_KEPT_SECONDS: Final = 10.0
_MOST_KEPT: Final = 64

_RETRY_SECONDS: Final = 5

# By which rules, in which session, through which host and from where.
_Key = tuple[str, str, str, str]
Reach = Sequence[RuleAccess]


class AccessEndpoint:
    """What the rules in force give one person. `rules` gives those of this moment, `access_of` asks them.

    With very many rules that takes a while: it is done for one request after another, in a thread of its own, so that
    neither other requests nor the watchers of files wait for it. `clock` gives seconds since the epoch, `steady`
    never goes back.
    """

    def __init__(
        self,
        sessions: Sessions,
        page: MyAccess,
        rules: Callable[[], RuleSet],
        access_of: Callable[..., Reach],
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._own = OwnSessions(sessions, clock)
        self._page = page
        self._rules = rules
        self._access_of = access_of
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="my-access")
        self._kept: TTLCache[_Key, tuple[Identity, Reach]] = TTLCache(_MOST_KEPT, _KEPT_SECONDS, timer=steady)
        self._waiting = 0

    async def access(self, request: Request) -> Response:
        """A page for people, JSON for programs. Raises LoginRequired, Overloaded."""
        exchange = exchange_of(request)
        admitted = exchange.admitted
        ticket = self._sessions.ticket(admitted.cookies)
        session = await self._sessions.open(ticket) if ticket is not None else None
        if session is None:
            raise LoginRequired("no session")
        rules = self._rules()
        exchange.caller, exchange.judgement = Caller(session), Judgement(rules.hash)
        if self._waiting > _MOST_WAITING:
            raise Overloaded("too many people ask what is open to them", retry_after=_RETRY_SECONDS)
        details = query_value(request, "details") == "1"
        elsewhere = await self._elsewhere(session) if admitted.for_person else []
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._answer, rules, session, elsewhere, admitted, exchange.now, details
            )
        finally:
            self._waiting -= 1

    async def _elsewhere(self, session: Session) -> list[OwnSession]:
        try:
            return await self._own.others(session)
        except StoreUnavailable:
            # The rest of the page is worth reading all the same.
            return []

    def _answer(
        self,
        rules: RuleSet,
        session: Session,
        elsewhere: Sequence[OwnSession],
        request: CanonicalRequest,
        now: float,
        details: bool,
    ) -> Response:
        found = self._reach(rules, session, request, now)
        if not request.for_person:
            return self._page.data(
                request.language, identity=session.identity, reach=found, expires_at=session.expires_at
            )
        return self._page.page(
            request.language,
            identity=session.identity,
            reach=found,
            lasting=Lasting(session.expires_at, self._sessions.idle_timeout, elsewhere),
            labels={(right.right, right.context): right.label for right in rules.rights.values()},
            details=details,
            request_id=request.id,
        )

    def _reach(self, rules: RuleSet, session: Session, request: CanonicalRequest, now: float) -> Reach:
        key = (rules.hash, session.id, request.host, request.client)
        kept = self._kept.get(key)
        # A session can get another identity by a recheck.
        if kept is not None and kept[0] == session.identity:
            return kept[1]
        found = self._access_of(rules, session.identity, host=request.host, client=request.client, now=now)
        self._kept[key] = (session.identity, found)
        return found
