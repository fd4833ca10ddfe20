"""A user of Redis with exactly the documented permissions can do everything; one with less is told what to grant."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gateway.errors import StoreUnavailable
from gateway.plugin import SharedStore
from gateway.session.redis import RedisStore
from gateway.session.redis_failures import StoreForbidden
from gateway.session.redis_permissions import COMMANDS, grants
from gateway.settings import Secret
from plugins.rate import Counter
from tests.redis_server import RedisServer
from tests.session.test_store import stored

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
_PREFIX = "{toegangspoort:acl}:"


@pytest.fixture
async def admin(redis: RedisServer) -> AsyncIterator[Redis]:
    async with Redis(unix_socket_path=str(redis.socket)) as found:
        await found.execute_command(
            "ACL", "SETUSER", "gateway-acl", "reset", "on", ">pw", *grants(_PREFIX).split()
        )
        yield found
        await found.execute_command("ACL", "DELUSER", "gateway-acl")


def server(redis: RedisServer, monkeypatch: pytest.MonkeyPatch, prefix: str = "") -> SharedStore:
    monkeypatch.setenv("ACL_PASSWORD", "pw")
    url = redis.tcp_url.replace("//", "//gateway-acl@")[:-1] + "3"
    return SharedStore(url, Secret("env:ACL_PASSWORD", redis.folder), prefix)


@pytest.fixture
def store(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisStore:
    return RedisStore(server(redis, monkeypatch), environment="acl", clock=time.time, prove=True)


@pytest.mark.usefixtures("admin")
async def test_the_documented_permissions_are_enough(
    store: RedisStore, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.start()
    now = time.time()
    one, two = stored(1, expires_at=now + 60), stored(2, expires_at=now + 60)
    await store.put(one)
    assert await store.swap(one.key, two)
    await store.touch(two.key, now)
    assert [each.key for each in await store.find(subject=two.subject)] == [two.key]
    assert len(await store.find()) == 1
    assert await store.sweep(expired_before=now + 90, idle_before=0) == 1
    await store.put(one)
    assert await store.delete(one.key)
    assert await store.put_value(b"n", b"x", until=now + 9, now=now)
    assert await store.get_value(b"n", now=now) == await store.take_value(b"n", now=now) == b"x"
    for topic in ("orders", "/cards"):
        await store.put_entry(topic, "a", b"1", until=now + 9)
        assert await store.entries(topic, now=now) == {"a": b"1"}
        assert await store.drop_entry(topic, "a")
    assert await store.swap_entry("orders", "b", None, b"1")
    await store.aclose()
    client = Counter("r", 1, 60, server(redis, monkeypatch, f"{_PREFIX}rate")).connect()
    assert [(await client.ask("somebody"))["within"] for _ in range(2)] == [True, False]
    await client.aclose()


async def test_each_permission_that_lacks_is_named_at_the_start(store: RedisStore, admin: Redis) -> None:
    for name in COMMANDS:
        if name == "select":
            continue  # before any command: the connection itself fails
        await admin.execute_command("ACL", "SETUSER", "gateway-acl", f"-{name}")
        with pytest.raises(StoreForbidden, match=rf"\+{name.replace('|', '.')}\b"):
            await store.start()
        await admin.execute_command("ACL", "SETUSER", "gateway-acl", f"+{name}")
    await store.start()
    await store.aclose()


async def test_keys_of_another_environment_are_out_of_reach(
    store: RedisStore, admin: Redis, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RedisStore(server(redis, monkeypatch), environment="prd", clock=time.time)
    await other.start()
    with pytest.raises(StoreForbidden, match=r"~\{toegangspoort:prd\}:\*"):
        await other.get(stored(1).key)
    with pytest.raises(StoreForbidden, match=r"~\{toegangspoort:prd\}:\*"):
        await other.put(stored(1, expires_at=time.time() + 60))
    await other.aclose()
    await admin.execute_command("ACL", "SETUSER", "gateway-acl", "resetkeys", f"~{_PREFIX}*")
    with pytest.raises(StoreForbidden, match="entries:/cards"):
        await store.start()
    await store.aclose()


async def test_a_permission_that_is_taken_away_later_is_named(store: RedisStore, admin: Redis) -> None:
    await store.start()
    await admin.execute_command("ACL", "SETUSER", "gateway-acl", "-hmget")
    with pytest.raises(StoreForbidden, match=r"\+hmget"):
        await store.get(stored(1).key)
    await admin.execute_command("ACL", "SETUSER", "gateway-acl", ">other", "<pw")
    await asyncio.gather(store.aclose())
    with pytest.raises(StoreUnavailable, match="does not accept the user or the password"):
        await store.start()
    await store.aclose()
