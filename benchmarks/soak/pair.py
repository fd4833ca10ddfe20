"""An upstream of two servers, of which one fails and returns: what can be repeated must not be lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from benchmarks.peers.processes import free_port
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.servers import Server, server

_OUT_SECONDS = 7.0
_BACK_SECONDS = 13.0

SETTINGS = {"slow_start": "3s", "breaker": {"failures": 3, "open_for": "2s"}, "response_timeout": "5s"}
"""Of the upstream, beside its servers."""


class Pair:
    """Both servers; the second one is killed now and then, with all that it is answering."""

    def __init__(self, steady: Server, weak: Server) -> None:
        self.urls = [steady.url, weak.url]
        self._weak = weak

    async def fails_and_returns(self, ledger: Ledger) -> None:
        """Until the ledger says that it is over; in the end both servers are there."""
        while not ledger.over.is_set():
            await ledger.pause(_BACK_SECONDS)
            with ledger.one("server that fails and returns"):
                self._weak.kill()
                await ledger.pause(_OUT_SECONDS)
                await asyncio.to_thread(self._weak.start)


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    """Both run until the block ends."""
    with server(free_port()) as steady, server(free_port()) as weak:
        yield Pair(steady, weak)
