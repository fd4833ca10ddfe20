"""What became of each request of a well-behaved client."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

_WORDS = 200


class Lost(Exception):
    """A request of a well-behaved client was not answered as it should be; the words say how."""


class Ledger:
    """`done` and `lost` count by kind; `slowest` is in seconds, also by kind."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self.words: list[str] = []
        self.over = asyncio.Event()
        self._began = time.monotonic()

    @contextlib.contextmanager
    def one(self, kind: str) -> Iterator[None]:
        """Count one request, which is lost if the block raises."""
        begun = time.monotonic()
        try:
            yield
        except (Lost, OSError, asyncio.IncompleteReadError, ValueError, TimeoutError) as problem:
            self.lost[kind] += 1
            at = begun - self._began
            self.words.append(f"{at:5.0f} s: {kind}: {type(problem).__name__}: {problem}"[:_WORDS])
        else:
            self.done[kind] += 1
        took = time.monotonic() - begun
        self.slowest[kind] = max(took, self.slowest.get(kind, 0.0))

    async def every(self, seconds: float, what: Callable[[], Awaitable[None]]) -> None:
        """Do this again and again until it is over, begun at this pace at most."""
        while not self.over.is_set():
            begun = time.monotonic()
            await what()
            await self.pause(seconds - (time.monotonic() - begun))

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), max(0.001, seconds))
