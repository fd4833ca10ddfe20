"""Lets requests begin in turns where many come at once, so that one client's flood delays the others little."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

# How many requests begin in one round of the event loop: the fewest, and the most where a round is over in a millisecond.
# Once that has passed no other begins, and where each of them takes long while others wait, fewer do.
_FEWEST, _MOST = 4, 32
_A_ROUND = 0.001
# For this many rounds only the fewest begin once somebody has to be protected: a new connection takes several to be answered.
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
            self._round, self._left = now, self._next_round(_FEWEST)
        elif not self._left or self._is_over():
            return False
        self._left -= 1
        return True

    @property
    def contended(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def has_time(self, now: float) -> bool:
        """Whether a piece of what has begun may be taken in at once. `now` as for `take`."""
        if self._waiting:
            return False
        if now != self._round:
            self._round, self._left = now, self._next_round(_FEWEST)
            return True
        return not self._is_over()

    def wait(self, client: Hashable, begin: Callable[[], bool], loop: asyncio.AbstractEventLoop) -> None:
        """Call `begin` when it is this client's turn, in a later round. It returns whether there was anything to do."""
        if not self._serves:
            self._serves = True
            loop.call_soon(self._serve, loop, _FEWEST)
        self._waiting.setdefault(client, deque()).append(begin)

    def _serve(self, loop: asyncio.AbstractEventLoop, fewest: int) -> None:
        waiting, left = self._waiting, self._next_round(fewest)
        try:
            while waiting and left:
                client = next(iter(waiting))
                of_client = waiting.pop(client)
                begin = of_client.popleft()
                if of_client:
                    waiting[client] = of_client
                left -= begin()
                if self._is_over():
                    break
        finally:
            self._serves = bool(waiting)
            if waiting:
                # The next round also has what these do after their turn: where that takes long, one begins at a time.
                loop.call_soon(self._serve, loop, 1)

    def _is_over(self) -> bool:
        """Whether the round that is under way has lasted long enough."""
        return self._steady() - self._began > _A_ROUND

    def _next_round(self, fewest: int) -> int:
        """How many may begin in the round that begins now: at least this many."""
        now = self._steady()
        took, self._began = now - self._began, now
        if took > _A_ROUND:
            self._most = max(fewest, int(self._most * _A_ROUND / took))
        elif self._most < _MOST:
            self._most += 1
        if not self._short:
            return self._most
        self._short -= 1
        return min(_FEWEST, self._most)


@dataclass(frozen=True, slots=True)
class ClientTurns:
    """The turns of one client, for what comes once a request has begun: pieces of its body, or of a WebSocket."""

    turns: Turns
    client: Hashable
    loop: asyncio.AbstractEventLoop

    @property
    def contended(self) -> bool:
        """Whether somebody waits."""
        return self.turns.contended

    def has_time(self) -> bool:
        """Whether a piece may be taken in at once, before it is somebody else's turn."""
        return self.turns.has_time(self.loop.time())

    def wait(self, begin: Callable[[], bool]) -> None:
        """See `Turns.wait`."""
        self.turns.wait(self.client, begin, self.loop)
