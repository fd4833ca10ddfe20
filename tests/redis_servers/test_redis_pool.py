"""Connections to Redis find the master again after a failover: by its name, or by asking sentinels."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.redis_servers.redis_pool import RedisPool
from tests.redis_server import RedisServer, running_redis, sentinel
from tests.running import free_socket

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as place:
        yield Path(place)


@pytest.fixture
def pair(folder: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two servers that know nothing of each other yet."""
    with contextlib.ExitStack() as stack:
        for name in ("a", "b"):
            (folder / name).mkdir()
        one, two = (stack.enter_context(running_redis(folder / name)) for name in ("a", "b"))
        yield one, two


@contextlib.asynccontextmanager
async def client(url: str, *, within: float = 2.0, **options: Any) -> AsyncIterator[Redis]:
    pool = await asyncio.to_thread(lambda: RedisPool(url, timeout=within, **options))
    try:
        yield Redis(connection_pool=pool)
    finally:
        await pool.aclose()


async def command(server: RedisServer, *words: str) -> None:
    async with Redis(port=server.port) as admin:
        await admin.execute_command(*words)


async def in_time(attempt: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    """Try until it succeeds, as requests that come one after the other."""
    end = time.monotonic() + seconds
    while True:
        try:
            await attempt()
            return
        except RedisError:
            assert time.monotonic() < end, "the new master is not found"
            await asyncio.sleep(0.02)


async def test_a_server_that_became_a_replica_is_left_for_the_one_with_its_name(
    folder: Path, pair: tuple[RedisServer, RedisServer]
) -> None:
    old, new = pair
    name = folder / "name.sock"
    await asyncio.to_thread(name.symlink_to, old.socket)
    async with client(f"unix://{name}?db=0") as redis:
        await redis.set("a", "old")
        # Two connections that rest in the pool: the second one must not read from the old master either.
        await asyncio.gather(redis.get("a"), redis.get("a"))
        await asyncio.to_thread(name.unlink)
        await asyncio.to_thread(name.symlink_to, new.socket)
        await command(old, "REPLICAOF", "127.0.0.1", "1")
        assert await redis.eval("return redis.call('SET', KEYS[1], 'new')", 1, "a") == b"OK"
        assert await asyncio.gather(redis.get("a"), redis.get("a")) == [b"new", b"new"]


async def test_a_name_that_still_leads_to_the_replica_is_an_error_and_not_for_ever(
    pair: tuple[RedisServer, RedisServer],
) -> None:
    old, _ = pair
    async with client(old.url) as redis:
        await redis.set("a", "1")
        await command(old, "REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(RedisError, match="replica"):
            await redis.set("a", "2")
        await command(old, "REPLICAOF", "NO", "ONE")
        assert await redis.set("a", "3")


async def test_sentinels_lead_to_the_master_also_after_it_died(
    folder: Path, pair: tuple[RedisServer, RedisServer]
) -> None:
    old, new = pair
    await command(new, "REPLICAOF", "127.0.0.1", str(old.port))
    dead = free_socket()
    with dead, contextlib.ExitStack() as stack:
        port = await asyncio.to_thread(
            lambda: stack.enter_context(sentinel(folder, old, "requirepass watch-out"))
        )
        # The first sentinel takes connections and says nothing.
        dead.listen()
        hosts = f"127.0.0.1:{dead.getsockname()[1]},127.0.0.1:{port}"
        url = f"redis+sentinel://{hosts}/register/0"
        async with client(url, sentinel_password=b"watch-out") as redis:
            await in_time(lambda: redis.set("a", "before"))
            # The sentinel must know the replica, and the replica the value.
            async with Redis(port=port, password="watch-out") as watching, Redis(port=new.port) as replica:
                await in_time(lambda: _known(watching, replica))
            await asyncio.to_thread(old.stop)
            await in_time(lambda: redis.set("a", "after"))
            assert await redis.get("a") == b"after"
        async with Redis(port=new.port) as direct:
            assert await direct.get("a") == b"after"
        async with client(url, sentinel_password=b"wrong") as redis:
            with pytest.raises(RedisError):
                await redis.get("a")


async def _known(watching: Redis, replica: Redis) -> None:
    replicas = await watching.execute_command("SENTINEL", "REPLICAS", "register")
    if not replicas or await replica.get("a") != b"before":
        raise RedisError("not yet")


async def test_a_sentinel_with_an_acl_and_a_name_that_it_does_not_know(
    folder: Path, pair: tuple[RedisServer, RedisServer]
) -> None:
    acl = ("user default off", "user watcher on >watch -@all +ping +sentinel|masters")
    with contextlib.ExitStack() as stack:
        port = await asyncio.to_thread(lambda: stack.enter_context(sentinel(folder, pair[0], *acl)))
        login: Any = {"sentinel_user": "watcher", "sentinel_password": b"watch"}
        async with client(f"redis+sentinel://127.0.0.1:{port}/register", **login) as redis:
            assert await redis.set("a", "1")
        async with client(f"redis+sentinel://127.0.0.1:{port}/other", within=0.5, **login) as redis:
            with pytest.raises(RedisError, match="other"):
                await redis.get("a")
        async with client(f"redis+sentinel://127.0.0.1:{port}/register", within=0.5) as redis:
            with pytest.raises(RedisError):
                await redis.get("a")
