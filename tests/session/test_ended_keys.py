"""A logout that the server lost, because a replica or an old snapshot took its place, counts all the same."""

from __future__ import annotations

import time

import pytest
from redis.asyncio import Redis

from gateway.session.redis import RedisStore
from gateway.settings import SharedStore
from tests.redis_server import RedisServer
from tests.session.test_store import stored
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


def store_on(redis: RedisServer) -> RedisStore:
    return RedisStore(SharedStore(redis.url, None, ""), environment="ended", clock=time.time)


async def test_what_ended_ends_again_after_a_new_connection(redis: RedisServer) -> None:
    store, other = store_on(redis), store_on(redis)
    await store.start()
    await other.start()
    now = time.time()
    kept, ended, replaced = (stored(number, expires_at=now + 60) for number in (1, 2, 3))
    for each in (kept, ended, replaced):
        await store.put(each)
    assert await store.delete(ended.key)
    assert await store.swap(replaced.key, stored(4, expires_at=now + 60))
    # As a replica that had not heard of it.
    await other.put(ended)
    await other.put(replaced)
    async with Redis(unix_socket_path=str(redis.socket)) as admin:
        await store.get(kept.key)
        assert await other.get(ended.key) is not None
        await admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    left: list[bytes] = []

    async def look() -> None:
        left[:] = [each.key for each in await store.find()]

    await look()
    await eventually(lambda: store._ended._task is None)
    await look()
    assert sorted(left) == sorted([kept.key, stored(4).key])
    await store.aclose()
    await other.aclose()
