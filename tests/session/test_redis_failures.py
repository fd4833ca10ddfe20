"""What operators read when a Redis server refuses: each refusal by a real server."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.errors import StoreUnavailable
from gateway.session.redis import RedisStore
from gateway.session.redis_failures import permission_of
from gateway.settings import SharedStore
from tests.redis_server import RedisServer

pytestmark = pytest.mark.redis


@pytest.mark.anyio
async def test_each_refusal_says_what_is_wrong(redis: RedisServer) -> None:
    store = RedisStore(SharedStore(redis.tcp_url, None, ""), environment="odd", clock=time.time)
    await store.start()
    now = time.time()

    async def reason(ask: Callable[[], Awaitable[Any]]) -> str:
        with pytest.raises(StoreUnavailable) as caught:
            await ask()
        return caught.value.detail

    def write() -> Awaitable[bool]:
        return store.put_value(b"n", b"x", until=now + 1, now=now)

    async with Redis(unix_socket_path=str(redis.socket)) as admin:
        for name, value, usual, words in (
            ("maxmemory", "1", "0", "its memory is full"),
            ("min-replicas-to-write", "3", "0", "too few replicas"),
        ):
            await admin.config_set(name, value)
            assert words in await reason(write)
            await admin.config_set(name, usual)
        await admin.config_set("requirepass", "now it has one")
        await store.aclose()
        try:
            assert "it wants a password" in await reason(store.start)
        finally:
            await admin.config_set("requirepass", "")
    await store.aclose()
    gone = RedisStore(SharedStore("redis://127.0.0.1:1/0", None, ""), environment="odd", clock=time.time)
    assert "it refuses connections" in await reason(gone.start)
    await gone.aclose()


def test_other_refusals_are_no_permission() -> None:
    assert permission_of("wrong number of arguments for 'hset' command", "x:") == ""
    newer = "ACL failure in script: User gw has no permissions to run the 'hset' command script: 1, on @user_script:1."
    assert permission_of(newer, "x:") == "+hset"


@pytest.mark.parametrize(
    "words",
    [
        "this user has no permissions to access one of the keys used as arguments",
        "No permissions to access a key",
        "ACL failure in script: User gw has no permissions to access the 'x:y' key script: 1, on @user_script:1.",
    ],
)
def test_servers_of_any_age_say_that_keys_are_out_of_reach(words: str) -> None:
    assert permission_of(words, "x:").startswith("~x:* ")


def test_a_channel_is_no_key() -> None:
    assert permission_of("No permissions to access a channel", "x:") == ""
