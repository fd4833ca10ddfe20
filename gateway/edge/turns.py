"""Lets requests begin in turns where many come at once, so that one client's flood delays the others little."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable

# How many requests begin in one round of the event loop: the fewest, and the most where a round is over in a millisecond.
_FEWEST, _MOST = 4, 32
_A_ROUND = 0.001
# In so many rounds only the fewest begin once somebody has to be protected: a new connection takes several to be answered.
_SHORT_ROUNDS = 16


class Turns:
    """Who may begin a request in this round of the loop. Clients take turns, and so do the connections of a client.

    Long rounds cost less in all, short ones delay others less. `steady` is a clock in seconds that never goes back.
    """

    __slots__ = ("_began", "_left", "_most", "_round", "_serves", "_short", "_steady", "_waiting")

    def __init__(self, *, steady: Callable[[], float] = time.perf_counter) -> None:
        self._steady = steady
        self._round = 0.0
        self._began = 0.0
        self._most = _FEWEST
        self._short = 0  # how many rounds will still be short
        self._left = 0
        self._serves = False  # whether a round is planned, or under way
        self._waiting: dict[Hashable, deque[Callable[[], bool]]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def shorten(self) -> None:
        """Somebody new is there, or somebody asks for much at once: let few begin in each of the next rounds."""
        self._short = _SHORT_ROUNDS

    def take(self, now: float) -> bool:
        """Whether a request may begin at once. `now` is the loop's time, which stands still during a round."""
        if self._waiting:
            return False
        if now != self._round:
            self._round, self._left = now, self._next_round()
        if not self._left:
            return False
        self._left -= 1
        return True

    def wait(self, client: Hashable, begin: Callable[[], bool], loop: asyncio.AbstractEventLoop) -> None:
        """Call `begin` when it is this client's turn, in a later round. It returns whether there was anything to do."""
        if not self._serves:
            self._serves = True
            loop.call_soon(self._serve, loop)
        self._waiting.setdefault(client, deque()).append(begin)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, left = self._waiting, self._next_round()
        try:
            while waiting and left:
                client = next(iter(waiting))
                of_client = waiting.pop(client)
                begin = of_client.popleft()
                if of_client:
                    waiting[client] = of_client
                left -= begin()
        finally:
            self._serves = bool(waiting)
            if waiting:
                loop.call_soon(self._serve, loop)

    def _next_round(self) -> int:
        """How many may begin in the round that begins now."""
        now = self._steady()
        took, self._began = now - self._began, now
        if took > _A_ROUND:
            self._most = max(_FEWEST, int(self._most * _A_ROUND / took))
        elif self._most < _MOST:
            self._most += 1
        if not self._short:
            return self._most
        self._short -= 1
        return _FEWEST
