"""Which connections are kept, and that there are never too many."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.caching.known_lines import parted
from gateway.errors import Overloaded, UpstreamUnreachable
from gateway.upstream.connection import ClientStalled, UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.server_health import ServerHealth
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party
from tests.running import RawUpstream, free_socket, raw_upstream
from tests.upstream.requests import PARTY


@contextlib.asynccontextmanager
async def pool_of(port: int, **settings: Any) -> AsyncIterator[ConnectionPool]:
    url = {"url": f"http://127.0.0.1:{port}"}
    pool = ConnectionPool(UpstreamSettings.model_validate(url | settings))
    await pool.start()
    yield pool
    await pool.aclose()


async def accepted(upstream: RawUpstream, connections: int) -> None:
    """Wait until the register has seen so many connections."""
    async with asyncio.timeout(30):
        while upstream.connections < connections:
            await asyncio.sleep(0.001)


async def exchange(connection: UpstreamConnection) -> None:
    connection.start("GET")
    connection.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    connection.request_sent()
    while not connection.settled:
        await connection.wait(5)
    while await connection.read(5):
        pass


async def test_a_clean_connection_is_used_again_and_another_is_closed() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port) as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            await exchange(first)
            pool.release(first)
            again = await pool.acquire(PARTY, repeatable=False)
            assert again is first
            again.start("GET")
            pool.release(again)
            assert again.closed
            assert pool.open_connections == 0


async def test_a_connection_that_was_idle_carries_only_what_can_be_repeated() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port) as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            await exchange(first)
            pool.release(first)
            first.idle_since -= 1
            other = await pool.acquire(PARTY, repeatable=False)
            assert other is not first
            assert await pool.acquire(PARTY, repeatable=True) is first
            pool.release(other)
            pool.release(first)


async def test_beyond_the_limit_requests_wait_their_turn() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=1, queue_timeout="1s") as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            with pytest.raises(Overloaded):
                await pool.acquire(PARTY, repeatable=True)
            waiting = asyncio.create_task(pool.acquire(PARTY, repeatable=True))
            await asyncio.sleep(0)
            await exchange(first)
            pool.release(first)
            assert await waiting is first
            pool.release(first)


async def test_a_connection_that_closes_on_its_way_to_the_next_is_replaced() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=1) as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            await exchange(first)
            waiting = asyncio.create_task(pool.acquire(Party("192.0.2.9"), repeatable=False))
            await asyncio.sleep(0)
            pool.release(first)
            # Before the one who waited gets it, as where the register closes it behind its answer.
            first.close()
            second = await waiting
            assert not second.closed
            assert (pool.open_connections, pool.in_use) == (1, 1)
            await exchange(second)
            pool.release(second)


async def test_a_server_that_is_out_is_tried_over_a_new_connection() -> None:
    with raw_upstream() as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        settings = UpstreamSettings.model_validate({"url": url, "breaker": {"failures": 1}})
        pool = ConnectionPool(settings, health=ServerHealth(settings))
        first = await pool.acquire(PARTY, repeatable=True)
        await exchange(first)
        pool.release(first)
        pool.health.failed("upstream-timeout")
        assert pool.take_idle(PARTY, repeatable=True) is None
        second = await pool.acquire(PARTY, repeatable=True)
        assert second is not first
        pool.health.succeeded()
        assert await pool.acquire(PARTY, repeatable=True) is first
        pool.release(first)
        pool.release(second)
        await pool.aclose()


async def test_a_connection_that_was_not_used_is_kept_where_it_carried_something_before() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port) as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            pool.release(first)
            assert first.closed  # nobody knows whether the register still wants it
            second = await pool.acquire(PARTY, repeatable=True)
            await exchange(second)
            for _ in range(2):
                pool.release(second)
                assert await pool.acquire(PARTY, repeatable=True) is second
            pool.release(second)


async def test_a_register_that_is_not_there_is_unreachable() -> None:
    sock = free_socket()
    port = sock.getsockname()[1]
    sock.close()
    async with pool_of(port) as pool:
        with pytest.raises(UpstreamUnreachable):
            await pool.acquire(PARTY, repeatable=True)
        assert pool.open_connections == 0


async def test_idle_connections_close_with_the_pool_and_after_their_time() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, keep_alive="20ms") as pool:
            first = await pool.acquire(PARTY, repeatable=True)
            await exchange(first)
            pool.release(first)
            async with asyncio.timeout(30):
                while pool.open_connections:
                    await asyncio.sleep(0.005)
            assert first.closed
            second = await pool.acquire(PARTY, repeatable=True)
            await exchange(second)
            pool.release(second)
        assert second.closed


async def test_an_exchange_that_waits_for_its_client_gives_way_while_others_wait() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=2, queue_timeout="5s") as pool:
            busy, stalled = [await pool.acquire(PARTY, repeatable=True) for _ in range(2)]
            for connection in (busy, stalled):
                connection.start("GET")
            stalled.waits_for_client_since = asyncio.get_running_loop().time() - 2
            other = await pool.acquire(Party("192.0.2.2"), repeatable=True)
            assert stalled.closed
            with pytest.raises(ClientStalled):
                stalled.raise_for_error()
            assert not busy.closed
            pool.release(stalled)
            assert pool.open_connections == 2
            await accepted(upstream, 3)
            for connection in (busy, other):
                pool.release(connection)


async def test_what_gives_way_ends_the_wait_for_its_client_at_once() -> None:
    """Its memory goes with it: the client's own time to read has no end soon."""
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=1) as pool:
            stalled = await pool.acquire(PARTY, repeatable=True)
            stalled.start("GET")

            async def wait_for_client() -> None:
                async with asyncio.timeout(60) as stalled.client_wait:
                    stalled.waits_for_client_since = asyncio.get_running_loop().time()
                    await asyncio.Event().wait()

            waiting = asyncio.create_task(wait_for_client())
            other = await pool.acquire(Party("192.0.2.2"), repeatable=True)
            await asyncio.wait({waiting}, timeout=30)
            assert isinstance(waiting.exception(), TimeoutError)
            pool.release(other)


async def test_a_client_over_its_share_only_takes_from_itself() -> None:
    with raw_upstream() as upstream:
        limits: dict[str, Any] = {"max_connections": 3, "max_connections_per_client": 1}
        async with pool_of(upstream.port, queue_timeout="1500ms", **limits) as pool:
            own, others = [await pool.acquire(Party(client), repeatable=True) for client in ("a", "b")]
            for connection in (own, others):
                connection.start("GET")
            others.waits_for_client_since = asyncio.get_running_loop().time() - 2
            with pytest.raises(Overloaded):
                await pool.acquire(Party("a"), repeatable=True)
            assert not others.closed
            own.waits_for_client_since = asyncio.get_running_loop().time() - 2
            assert (await pool.acquire(Party("a"), repeatable=True)).exchanges == 0
            assert own.closed
            await accepted(upstream, 3)


async def test_those_who_have_room_do_not_wait_behind_those_who_have_not() -> None:
    with raw_upstream() as upstream:
        limits: dict[str, Any] = {"max_connections": 2, "max_connections_per_client": 1}
        async with pool_of(upstream.port, **limits) as pool:
            first = await pool.acquire(Party("a"), repeatable=True)
            waiting = asyncio.create_task(pool.acquire(Party("a"), repeatable=True))
            await asyncio.sleep(0)
            second = await pool.acquire(Party("b"), repeatable=True)
            assert not waiting.done()
            pool.release(first)
            third = await waiting
            await accepted(upstream, 3)
            pool.release(third)
            pool.release(second)
            assert pool.open_connections == 0


async def test_the_last_connections_are_for_those_who_hold_none_and_the_very_last_for_sessions() -> None:
    strangers = [Party(f"192.0.2.{number}") for number in range(9)]
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=8, queue_timeout="20ms") as pool:
            held = [await pool.acquire(strangers[number % 2], repeatable=True) for number in range(6)]
            for party in strangers[:2]:
                with pytest.raises(Overloaded):
                    await pool.acquire(party, repeatable=True)
            await pool.acquire(strangers[2], repeatable=True)
            with pytest.raises(Overloaded):
                await pool.acquire(strangers[3], repeatable=True)
            # Somebody who is logged in counts by the session, not by an address that others have too.
            person = Party(strangers[0].client, "s")
            found = await pool.acquire(person, repeatable=True)
            await exchange(found)
            pool.release(found)
            assert pool.take_idle(strangers[3], repeatable=True) is None
            assert pool.take_idle(person, repeatable=True) is found
            assert pool.take_idle(person, repeatable=True) is None
            assert not pool.has_room(Party("192.0.2.99", "t"))
            for connection in held[:2]:
                pool.release(connection)
            assert [pool.has_room(party) for party in (strangers[0], strangers[3], person)] == [
                False,
                True,
                False,
            ]


@pytest.mark.parametrize("connections", [1, 2, 3])
async def test_of_few_connections_none_is_kept_for_anybody(connections: int) -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port, max_connections=connections) as pool:
            for _ in range(connections):
                assert pool.has_room(PARTY)
                await pool.acquire(PARTY, repeatable=True)


async def test_what_one_connection_has_read_all_others_know() -> None:
    with raw_upstream() as upstream:
        async with pool_of(upstream.port) as pool:
            connections = [await pool.acquire(PARTY, repeatable=True) for _ in range(4)]
            lines = []
            for connection in connections:
                await exchange(connection)
                lines.append(parted(connection.response.headers)[0])
                pool.release(connection)
    assert lines[:2] == [None, None]
    assert lines[2] is not None
    assert lines[2] is lines[3]
