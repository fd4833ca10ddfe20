"""Sessions that ended here: where another server answers, which may not have heard of it, they end once more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.caching.recent import Recent
from gateway.errors import StoreUnavailable

log = structlog.get_logger()

# A session that came back and is not used is idle after half an hour, as a rule.
_REMEMBERED_SECONDS: Final = 3_600.0
_MOST: Final = 10_000


class EndedKeys:
    """The latest 10,000 of an hour. `end` ends sessions by their keys, and returns how many there were; it may raise
    StoreUnavailable. `steady` never goes back.
    """

    def __init__(self, end: Callable[[Sequence[bytes]], Awaitable[int]], steady: Callable[[], float]) -> None:
        self._end = end
        self._keys: Recent[bytes, bool] = Recent(_MOST, _REMEMBERED_SECONDS, steady)
        self._seen = 0
        self._task: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """Let what is under way finish."""
        if self._task is not None:
            await self._task

    def add(self, key: bytes) -> None:
        """This session has ended."""
        self._keys[key] = True

    def look(self, connections: int) -> None:
        """The server has answered; this many connections to it have been made until now."""
        if connections != self._seen and self._task is None:
            self._seen = connections
            if keys := [key for key, _ in self._keys.items()]:
                self._task = asyncio.create_task(self._again(keys))

    async def _again(self, keys: Sequence[bytes]) -> None:
        try:
            if found := await self._end(keys):
                log.warning(
                    "the session store had sessions that had ended; they are ended again", count=found
                )
        except StoreUnavailable:
            self._seen = -1
        finally:
            self._task = None
