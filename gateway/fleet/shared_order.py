"""One kind of orders that all gateways share, in one worker process: taken from the board, and put back where that lost them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from gateway.fleet.order_copy import OrderCopy
from gateway.orders.order_list import OF_STORE
from gateway.session.board import Board, LastingOrder, SealedElsewhere

log = structlog.get_logger()


class SharedOrder:
    """The order `name` on the board. `take` puts its content into force, and is told where that comes from; `state` is
    reported beside the revision.

    Both `take` and what is read may raise ValueError; then what was in force goes on. `copy` is this machine's copy.
    """

    def __init__(
        self,
        name: str,
        board: Board,
        take: Callable[[bytes, str], None],
        copy: Path,
        state: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self.name = name
        self._board = board
        self._take = take
        self._copy = OrderCopy(copy)
        self._copied_to = str(copy)
        self._state = state
        self._known: LastingOrder | None = None

    @property
    def revision(self) -> int:
        """The revision that is in force here; 0 where there never was any."""
        return self._known.revision if self._known is not None else 0

    def report(self) -> Mapping[str, Any]:
        """What this worker reports about it."""
        return {self.name: self.revision, **self._state()}

    async def start(self) -> None:
        """Take the copy of this machine. Raises ValueError where it is of something else."""
        self._known = await asyncio.to_thread(self._copy.read)
        if self._known is not None:
            self._take(self._known.content, self._copied_to)

    async def look(self, orders: Mapping[str, bytes]) -> None:
        """Take what the board has among `orders`. Raises ValueError and StoreUnavailable."""
        stored, known = orders.get(self.name), self._known
        if stored is None:
            if known is not None:
                await self._put_back(None, known)
            return
        try:
            found = self._board.read(self.name, stored)
        except SealedElsewhere as problem:
            # Garbage, or the very orders that stand here, sealed under earlier keys.
            if known is None or problem.revision not in (0, known.revision):
                raise
            if problem.revision == 0:
                await self._put_back(stored, known)
            else:
                await self._add_copies(stored, known)
            return
        if known is not None and found.revision < known.revision:
            await self._put_back(stored, known)
            return
        self._take(found.content, OF_STORE)
        self._known = found
        await asyncio.to_thread(self._copy.keep, found)
        if not found.whole:
            await self._add_copies(stored, found)

    async def _add_copies(self, stored: bytes, order: LastingOrder) -> None:
        """Add the copies under keys of ours that the order lacks, as after a change of keys: the store lost nothing."""
        if await self._board.put_back(self.name, stored, order):
            log.info(f"the shared {self.name} are sealed under another key too", revision=order.revision)

    async def _put_back(self, stored: bytes | None, order: LastingOrder) -> None:
        """Give the store what it lost; another process may have been first."""
        if await self._board.put_back(self.name, stored, order):
            log.warning(f"the session store got the shared {self.name} again", revision=order.revision)
