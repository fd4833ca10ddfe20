"""The connections that nobody uses: which of them can carry the next exchange."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from time import monotonic
from typing import Final

from gateway.upstream.connection import UpstreamConnection

QUIET: Final = 0.05
"""Octets that arrive within this many seconds after an answer without a body never answer another request."""

# Seconds. A connection that was idle for longer may just be being closed, so it carries only what can be repeated.
_FRESH: Final = 0.5
# Seconds. A register that sent octets beyond an ordinary answer may do so again.
_DISTRUST: Final = 60.0


class IdleConnections:
    """Clean connections, the latest one first.

    After an answer to HEAD, a 204 or a 304, a register may still send the body that was not to follow. Such a
    connection is set aside until it was quiet for two to three times QUIET: it is taken again only after a look at
    the socket that came later than QUIET after its answer. Once the register has sent octets beyond any other answer,
    all connections are set aside like that for a minute.
    """

    def __init__(self, keep_alive: float) -> None:
        self._keep_alive = keep_alive
        self._fresh = min(_FRESH, keep_alive)
        self._ready: deque[UpstreamConnection] = deque()
        # Younger than one tick, than two, than three.
        self._aside: tuple[list[UpstreamConnection], ...] = ([], [], [])
        self._tick: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._distrusted_until = 0.0

    def __len__(self) -> int:
        young, middle, old = self._aside
        return len(self._ready) + len(young) + len(middle) + len(old)

    def __iter__(self) -> Iterator[UpstreamConnection]:
        yield from self._ready
        for connections in self._aside:
            yield from connections

    def add(self, connection: UpstreamConnection) -> None:
        """Keep a connection that has come to rest."""
        now = monotonic()
        connection.rest(now)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(self._keep_alive, self._sweep)
        if not connection.response.bodiless and now >= self._distrusted_until:
            self._ready.append(connection)
            return
        self._aside[0].append(connection)
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(QUIET, self._promote)

    def take(self, *, repeatable: bool) -> UpstreamConnection | None:
        """A connection for the next exchange, if one is fit for it."""
        limit = self._keep_alive if repeatable else self._fresh
        ready = self._ready
        while ready:
            connection = ready[-1]
            if connection.closed:
                self.look_at(ready.pop())
                continue
            if connection.idle_since < monotonic() - limit:
                return None
            return ready.pop()
        return None

    def drop_one(self) -> bool:
        """Close the connection that has been idle for longest; False if there is none."""
        for connections in (self._ready, *reversed(self._aside)):
            if connections:
                connection = connections[0]
                del connections[0]
                self.look_at(connection)
                connection.close()
                return True
        return False

    def look_at(self, connection: UpstreamConnection) -> None:
        """Note whether the register sent octets that belong to no answer."""
        if connection.stray and not connection.response.bodiless:
            self._distrusted_until = monotonic() + _DISTRUST

    def close(self) -> None:
        """Close all connections."""
        for timer in (self._sweeper, self._tick):
            if timer is not None:
                timer.cancel()
        self._sweeper = self._tick = None
        while self.drop_one():
            pass

    def _promote(self) -> None:
        self._tick = None
        young, middle, old = self._aside
        for connection in old:
            self.look_at(connection)
        self._ready.extend(connection for connection in old if not connection.closed)
        self._aside = ([], young, middle)
        if young or middle:
            self._tick = asyncio.get_running_loop().call_later(QUIET, self._promote)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = monotonic() - self._keep_alive
        ready = self._ready
        while ready and (ready[0].closed or ready[0].idle_since < oldest):
            connection = ready.popleft()
            self.look_at(connection)
            connection.close()
        if len(self):
            self._sweeper = asyncio.get_running_loop().call_later(self._keep_alive, self._sweep)
