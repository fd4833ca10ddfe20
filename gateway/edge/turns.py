"""Lets requests begin in turns where many come at once, so that one client's flood delays the others little."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable

# For how many seconds requests begin in one round of the event loop, before it looks for others.
_A_ROUND = 0.001


class Turns:
    """Who may begin a request in this round of the loop. Clients take turns, and so do the connections of a client.

    `steady` is a clock in seconds that never goes back.
    """

    __slots__ = ("_round", "_serves", "_steady", "_until", "_waiting")

    def __init__(self, *, steady: Callable[[], float] = time.perf_counter) -> None:
        self._steady = steady
        self._round = 0.0
        self._until = 0.0
        self._serves = False  # whether a round is planned, or under way
        self._waiting: dict[Hashable, deque[Callable[[], bool]]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def take(self, now: float) -> bool:
        """Whether a request may begin at once. `now` is the loop's time, which stands still during a round."""
        if self._waiting:
            return False
        if now != self._round:
            self._round, self._until = now, self._steady() + _A_ROUND
            return True
        return self._steady() < self._until

    def wait(self, client: Hashable, begin: Callable[[], bool], loop: asyncio.AbstractEventLoop) -> None:
        """Call `begin` when it is this client's turn, in a later round. It returns whether there was anything to do."""
        if not self._serves:
            self._serves = True
            loop.call_soon(self._serve, loop)
        self._waiting.setdefault(client, deque()).append(begin)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, steady = self._waiting, self._steady
        until = steady() + _A_ROUND
        try:
            while waiting:
                client = next(iter(waiting))
                of_client = waiting.pop(client)
                begin = of_client.popleft()
                if of_client:
                    waiting[client] = of_client
                if begin() and steady() >= until:
                    break
        finally:
            self._serves = bool(waiting)
            if waiting:
                loop.call_soon(self._serve, loop)
