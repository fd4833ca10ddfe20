"""What is written to the session store in the background: that a session was used or expired, and the sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from gateway.background import Loop
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent, ignore
from gateway.session.sealed import SealedSessions
from gateway.session.ticket import Ticket

log = structlog.get_logger()
_SWEEP_SECONDS: Final = 300.0


class Upkeep:
    """The writes under way of one process. A store that does not answer is logged, no request notices.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, stored: SealedSessions, *, clock: Callable[[], float], on_event: OnEvent = ignore
    ) -> None:
        self._stored = stored
        self._clock = clock
        self._writing: set[asyncio.Task[None]] = set()
        self._loop = Loop("sweep", self._sweep, pause=_SWEEP_SECONDS, on_event=on_event)

    def start_sweeping(self) -> None:
        """Remove what ended from the store, now and every few minutes."""
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop sweeping, and finish what is being written."""
        await self._loop.aclose()
        await self.settle()

    async def settle(self) -> None:
        """Wait until the store knows all that was handed in so far."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    def touch(self, ticket: Ticket, seen_at: float) -> None:
        """Write down that a session was used."""
        self._later(self._touch(ticket, seen_at))

    def forget(self, ticket: Ticket) -> None:
        """Remove a session that has expired."""
        self._later(self._forget(ticket))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _touch(self, ticket: Ticket, seen_at: float) -> None:
        try:
            await self._stored.touch(ticket, seen_at)
        except StoreUnavailable as trouble:
            log.warning("the use of a session could not be stored", reason=trouble.detail)

    async def _forget(self, ticket: Ticket) -> None:
        try:
            await self._stored.delete(ticket.key)
        except StoreUnavailable as trouble:
            log.warning("an ended session was not removed", reason=trouble.detail)

    async def _sweep(self, _asked: bool) -> None:
        try:
            await self._stored.sweep(self._clock())
        except StoreUnavailable as trouble:
            log.warning("expired sessions were not removed", reason=trouble.detail)
