"""Keeps sessions up to date: after a while the provider is asked again, once across all processes.

Decides who asks, who waits, and how long a session may go on meanwhile. How the provider is asked is passed in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import structlog

from gateway.caching.single_flight import SingleFlight
from gateway.errors import ProviderUnavailable, ReauthenticationRequired, StoreUnavailable
from gateway.model import Identity, Tokens
from gateway.session.cache import MOVED_SECONDS
from gateway.session.sessions import Session, Sessions
from gateway.session.settings import SessionSettings

log = structlog.get_logger()
_CLAIM: Final = "renewal"
_ASKED: Final = "renewal-asked"
_LOOK_AGAIN: Final = 0.05
_WRITE_AGAIN: Final = 0.2
_PAUSE_SECONDS: Final = 5.0
# How far the clocks of machines that share a store may differ.
_SKEW_SECONDS: Final = 60.0

Renew = Callable[[Identity, Tokens], Awaitable[tuple[Identity, Tokens] | None]]


class Recheck:
    """The rechecks of one environment.

    `renew` asks the provider with a refresh token for the identity and tokens of this moment: None where that takes
    a login; it raises ProviderUnavailable. `reachable` says whether a browser may be sent to the provider. `patience`
    is the longest that one renewal may take, in seconds: after that another process may try. `clock` gives seconds
    since the epoch, `steady` never goes back.
    """

    def __init__(
        self,
        settings: SessionSettings,
        sessions: Sessions,
        *,
        renew: Renew,
        reachable: Callable[[], Awaitable[bool]],
        patience: float,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._ask = renew
        self._reachable = reachable
        self._patience = patience
        self._clock = clock
        self._steady = steady
        self._running = SingleFlight[str, Session | None]()
        self._behind: dict[str, asyncio.Task[None]] = {}
        self._paused_until = float("-inf")

    @property
    def running(self) -> int:
        """How many sessions are being renewed, or wait for the process that renews them."""
        return len(self._running)

    async def aclose(self) -> None:
        """Let renewals that are under way finish: the provider has been asked already."""
        await self.settle()
        await self._running.wait()

    async def settle(self) -> None:
        """Wait for the renewals that requests left behind."""
        await asyncio.gather(*self._behind.values())

    def due_at(self, session: Session) -> float | None:
        """When it is time to ask the provider again, in seconds since the epoch; None for never."""
        recheck = self._settings.recheck
        return session.checked_at + recheck if recheck > 0 else None

    def due(self, session: Session) -> bool:
        """Whether it is time to ask the provider again."""
        due_at = self.due_at(session)
        if due_at is None:
            return False
        now = self._clock()
        # Checked in the future: the clock was set back, and how long ago it was cannot be known.
        return due_at <= now or session.checked_at > now + _SKEW_SECONDS

    def overdue(self, session: Session) -> bool:
        """Whether the grace for asking the provider again is over too."""
        return self.due(session) and not self._in_grace(session) and self._clock() >= session.lenient_until

    async def current(
        self,
        ticket: str,
        session: Session,
        *,
        navigation: bool = False,
        lenient: bool = False,
        wait: bool = False,
    ) -> Session | None:
        """The session that the request goes on with; None where it has ended.

        Within the grace a due session is renewed in the background, unless the request should `wait`. A `navigation` can be
        sent through the provider; a `lenient` request (a form, a response that lasts) goes on for the grace where that is
        the only way. Raises ReauthenticationRequired where the session may not go on
        without a login, ProviderUnavailable where that could not be found out, StoreUnavailable.
        """
        if not self.due(session):
            return session
        if session.renewable:
            if not wait and self._in_grace(session):
                self._renew_behind(ticket, session)
                return session
            found = await self.renewed(ticket, session)
            if found is None or not self.due(found):
                return found
            session = found
        now, in_grace = self._clock(), self._in_grace(session)
        if session.renewable:
            # The provider does not answer: the session goes on for a while, as logins are not possible either.
            if in_grace:
                return session
            raise ProviderUnavailable("the session could not be rechecked in time")
        if navigation:
            goes_on = in_grace and not await self._reachable()
        else:
            goes_on = (in_grace and lenient) or now < session.lenient_until
        if goes_on:
            return session
        raise ReauthenticationRequired("the session must be rechecked by a login")

    def _checked_since(self, session: Session, since: float) -> bool:
        return since < session.checked_at <= self._clock() + _SKEW_SECONDS

    def _in_grace(self, session: Session) -> bool:
        return self._clock() < session.checked_at + self._settings.recheck + self._settings.recheck_grace

    def _renew_behind(self, ticket: str, session: Session) -> None:
        if ticket in self._behind or self._steady() < self._paused_until:
            return
        task = self._behind[ticket] = asyncio.create_task(self._renewed_behind(ticket, session))
        task.add_done_callback(lambda _: self._behind.pop(ticket))

    async def _renewed_behind(self, ticket: str, session: Session) -> None:
        try:
            # The cookie changes with the browser's next request, whenever that comes.
            await self.renewed(ticket, session, leads_for=self._sessions.idle_timeout)
        except StoreUnavailable as trouble:
            log.warning("a session could not be rechecked", session=session.id, reason=trouble.detail)
        except Exception as problem:  # noqa: BLE001 - nobody waits for it; the next request tries again
            log.error("a session could not be rechecked", session=session.id, error=repr(problem))

    async def renewed(
        self,
        ticket: str,
        session: Session,
        *,
        younger_than: float = 0.0,
        leads_for: float = MOVED_SECONDS,
    ) -> Session | None:
        """The session after this process or another one asked the provider; None where it has ended.

        A session that was checked after `younger_than` (seconds since the epoch) is not checked again. Where the
        ticket changes, the earlier one leads to it for `leads_for` seconds. Raises StoreUnavailable.
        """
        since = younger_than or self._clock() - self._settings.recheck
        return await self._running.run(ticket, lambda: self._renew(ticket, session, since, leads_for))

    async def _renew(self, ticket: str, session: Session, since: float, leads_for: float) -> Session | None:
        if self._steady() < self._paused_until:
            return session
        one_time = self._sessions.one_time
        loop = asyncio.get_running_loop()
        give_up = loop.time() + 2 * self._patience
        while True:
            found = await self._sessions.reload(ticket)
            if found is None or self._checked_since(found, since) or not found.renewable:
                return found
            holder = os.urandom(16)
            if await one_time.claim(_CLAIM, found.id, seconds=self._patience + 1.0, by=holder):
                try:
                    return await self._as_winner(ticket, since, leads_for)
                finally:
                    if await one_time.claimed_by(_CLAIM, found.id) == holder:
                        await one_time.release(_CLAIM, found.id)
            if loop.time() >= give_up:
                return found
            await asyncio.sleep(_LOOK_AGAIN)

    async def _as_winner(self, ticket: str, since: float, leads_for: float) -> Session | None:
        # Another winner may have come and gone between the reload and the claim.
        session = await self._sessions.reload(ticket)
        if (
            session is None
            or self._checked_since(session, since)
            or session.tokens is None
            or not session.renewable
        ):
            return session
        ticket = self._sessions.successor(ticket) or ticket
        window = self._settings.recheck + self._settings.recheck_grace
        alone = await self._sessions.one_time.claim(_ASKED, session.id, seconds=window)
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._ask(session.identity, session.tokens)
        except (ProviderUnavailable, TimeoutError) as trouble:
            # The claim stays: the provider may have used up the refresh token all the same.
            self._paused_until = self._steady() + _PAUSE_SECONDS
            log.warning("a session could not be rechecked", session=session.id, reason=str(trouble))
            return session
        if answer is None:
            # A process that died while it used the refresh token must not end the session at once.
            until = 0.0 if alone else session.checked_at + window
            without = replace(session.tokens, refresh_token=None)
            changed = replace(session, tokens=without, lenient_until=until)
            log.info("a session can only be rechecked by a login", session=session.id, lenient=not alone)
            found = await self._sessions.renew(ticket, changed, session.identity)
        else:
            identity, tokens = answer
            changed = replace(session, tokens=tokens, checked_at=self._clock())
            found = await self._kept(ticket, changed, identity, leads_for)
        await self._sessions.one_time.release(_ASKED, session.id)
        return found[0] if found is not None else None

    async def _kept(
        self, ticket: str, session: Session, identity: Identity, leads_for: float
    ) -> tuple[Session, str] | None:
        """Renew the session, and try again while the store gives no answer: its refresh token is used up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        while True:
            try:
                return await self._sessions.renew(ticket, session, identity, leads_for=leads_for)
            except StoreUnavailable:
                if loop.time() >= end:
                    raise
                await asyncio.sleep(_WRITE_AGAIN)
