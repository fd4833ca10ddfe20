"""Which idle connection carries the next exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.idle import QUIET, IdleConnections
from gateway.upstream.known_responses import KnownResponses
from tests.running import RawUpstream, raw_upstream

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
async def upstream() -> AsyncIterator[RawUpstream]:
    with raw_upstream() as found:
        yield found


async def used(upstream: RawUpstream, method: str = "GET") -> UpstreamConnection:
    """A connection that has carried one exchange."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(loop, KnownResponses()), "127.0.0.1", upstream.port
    )
    connection.start(method)
    connection.write(GET)
    connection.request_sent()
    while not connection.reusable:
        await connection.wait(5)
        connection.take()
    return connection


async def test_the_latest_connection_is_taken_first(upstream: RawUpstream) -> None:
    idle = IdleConnections(4.0)
    first, second = await used(upstream), await used(upstream)
    idle.add(first)
    idle.add(second)
    assert len(idle) == 2
    assert list(idle) == [first, second]
    assert idle.take(repeatable=True) is second
    assert idle.take(repeatable=True) is first
    assert idle.take(repeatable=True) is None
    for each in (first, second):
        each.close()


async def test_a_closed_connection_is_never_taken(upstream: RawUpstream) -> None:
    idle = IdleConnections(4.0)
    connection = await used(upstream)
    idle.add(connection)
    connection.close()
    assert idle.take(repeatable=True) is None
    assert len(idle) == 0


async def test_after_an_answer_without_a_body_it_is_set_aside_for_a_while(upstream: RawUpstream) -> None:
    idle = IdleConnections(4.0)
    upstream.answer = lambda _head: b"HTTP/1.1 204 No Content\r\n\r\n"
    connection = await used(upstream)
    before = asyncio.get_running_loop().time()
    idle.add(connection)
    assert idle.take(repeatable=True) is None
    assert len(idle) == 1
    async with asyncio.timeout(30):
        while (found := idle.take(repeatable=True)) is None:
            await asyncio.sleep(0)
    assert found is connection
    assert asyncio.get_running_loop().time() - before >= QUIET
    connection.close()
    idle.close()


async def test_the_oldest_gives_way_and_all_can_be_closed(upstream: RawUpstream) -> None:
    idle = IdleConnections(4.0)
    first, second = await used(upstream), await used(upstream)
    idle.add(first)
    idle.add(second)
    assert idle.drop_one()
    assert (first.closed, second.closed) == (True, False)
    idle.close()
    assert second.closed
    assert not idle.drop_one()
