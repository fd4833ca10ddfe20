"""The orders of one kind that are in force in this worker: those that all gateways share, and those in a file of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from gateway.events import OnEvent, ignore
from gateway.orders.order_list import OrderList
from gateway.watcher import Watcher

log = structlog.get_logger()
E = TypeVar("E")


class OrdersInForce(Generic[E]):
    """Watches the file, and takes what comes from the session store. `changed` is called when others come into force.

    A file that cannot be read changes nothing; `unread` says why.
    """

    def __init__(
        self,
        orders: OrderList[E],
        path: Path,
        environment: str,
        *,
        changed: Callable[[], None],
        look_every: float,
        on_event: OnEvent = ignore,
    ) -> None:
        self._orders = orders
        self._path = path
        self._environment = environment
        self._changed = changed
        self._here: tuple[E, ...] = ()
        self._shared: tuple[E, ...] = ()
        self._watcher = Watcher(
            lambda: (path,), self._reload, look_every=look_every, name=orders.name, on_event=on_event
        )
        self.unread = ""
        self._unmade = ""

    async def start(self) -> None:
        """Read the file and begin to watch it. Raises ValueError where there is one that cannot be read.

        Makes an empty file where there is none: by that commands know that a gateway reads it.
        """
        await asyncio.to_thread(self._make_file)
        await self._watcher.start()
        found = await asyncio.to_thread(self._orders.read, self._path, self._environment)
        if found:
            self._here = found
            # What came from the session store before this came into force without these.
            self._changed()

    async def aclose(self) -> None:
        """Stop watching."""
        await self._watcher.aclose()

    @property
    def known(self) -> tuple[E, ...]:
        """All orders, also those that are over."""
        return (*self._shared, *self._here)

    @property
    def here(self) -> tuple[E, ...]:
        """The orders in the file of this machine."""
        return self._here

    @property
    def trouble(self) -> tuple[str, ...]:
        """What is wrong with the file, for operators."""
        return (f"the file cannot be read: {self.unread}",) if self.unread else ()

    def take_shared(self, content: bytes, source: str) -> None:
        """Put into force the orders that all gateways share. Raises ValueError where they cannot be read; then nothing changes.

        `source` is where they come from, in words for operators.
        """
        found = self._orders.parsed(content, self._environment, source)
        if found != self._shared:
            self._shared = found
            self._changed()

    def _make_file(self) -> bool:
        try:
            if not self._path.exists():
                self._orders.change(self._path, self._environment, lambda found: found)
        except (OSError, ValueError) as problem:
            if str(problem) != self._unmade:
                log.warning(f"there is no file of {self._orders.name} for this machine", reason=str(problem))
            self._unmade = str(problem)
            return False
        self._unmade = ""
        return True

    async def _reload(self) -> bool:
        try:
            found = await asyncio.to_thread(self._orders.read, self._path, self._environment)
            if found is None and self._here:
                raise ValueError(f"{self._path} is gone")
            if found is None and not await asyncio.to_thread(self._make_file):
                return False
        except ValueError as problem:
            if str(problem) != self.unread:
                log.error(f"{self._orders.name} cannot be read; those in force stay", reason=str(problem))
            self.unread = str(problem)
            return False
        self.unread = ""
        if (found or ()) != self._here:
            self._here = found or ()
            self._changed()
        return True
