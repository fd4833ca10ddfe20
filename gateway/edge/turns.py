"""Lets requests begin in turns where many come at once, so that one client's flood delays the others little."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

# How many requests begin in one round of the event loop.
_A_ROUND = 4


class Turns:
    """Who may begin a request in this round of the loop. Clients take turns, and so do the connections of a client."""

    __slots__ = ("_left", "_round", "_serves", "_waiting")

    def __init__(self) -> None:
        self._round = 0.0
        self._left = 0
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
            self._round, self._left = now, _A_ROUND
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
        waiting = self._waiting
        try:
            left = _A_ROUND
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
