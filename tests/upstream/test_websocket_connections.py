"""How many WebSockets there may be, beside the connections for requests."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from gateway.errors import Overloaded, UpstreamUnreachable
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import UpstreamSettings, WebSocketSettings
from gateway.upstream.shares import Party
from gateway.upstream.websocket_connections import WebSocketConnections
from tests.upstream.transports import connected

ANN, BEN = Party("203.0.113.1", "ann"), Party("203.0.113.2", "ben")


class Opening:
    """Opens a connection once it may; remembers the numbers of open ones that were reported."""

    def __init__(self, **limits: int) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.fails = False
        self.counted: list[int] = []
        self.pool = ConnectionPool(UpstreamSettings.model_validate({"url": "http://127.0.0.1:1"}))
        settings = WebSocketSettings.model_validate(limits)
        self.sockets = WebSocketConnections(settings, self.open, changed=self.counted.append)

    async def open(self, avoid: Collection[ConnectionPool]) -> UpstreamConnection:
        await self.may.wait()
        if self.fails:
            raise UpstreamUnreachable
        assert self.pool not in avoid
        connection = connected()[0]
        connection.pool = self.pool
        return connection


async def test_one_session_one_client_and_all_have_their_limits() -> None:
    opening = Opening(max=5, max_per_client=3, max_per_session=2)
    sockets = opening.sockets
    held = [await sockets.acquire(ANN) for _ in range(2)]
    with pytest.raises(Overloaded):
        await sockets.acquire(ANN)
    await sockets.acquire(Party(ANN.client, "other"))
    with pytest.raises(Overloaded):
        await sockets.acquire(Party(ANN.client, None))
    for _ in range(2):
        await sockets.acquire(BEN)
    with pytest.raises(Overloaded):
        await sockets.acquire(Party("203.0.113.3", None))
    sockets.release(held[0])
    sockets.release(held[0])
    assert held[0].closed
    await sockets.acquire(Party("203.0.113.3", None))
    assert len(sockets) == 5
    assert opening.counted == [1, 2, 3, 4, 5, 4, 5]
    assert opening.pool.websockets == 5


async def test_one_that_is_being_opened_counts_and_one_that_fails_does_not() -> None:
    opening = Opening(max=1)
    opening.may.clear()
    waiting = asyncio.ensure_future(opening.sockets.acquire(ANN))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await opening.sockets.acquire(BEN)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    opening.may.set()
    opening.fails = True
    with pytest.raises(UpstreamUnreachable):
        await opening.sockets.acquire(BEN)
    assert len(opening.sockets) == 0
