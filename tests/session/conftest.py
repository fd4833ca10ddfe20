"""The stores, each of them the real thing."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.session.memory import MemoryStore
from gateway.session.redis import RedisStore
from gateway.session.sqlite import SqliteStore
from gateway.session.store import Store
from gateway.settings import SharedStore
from tests.redis_server import RedisServer, running_redis

STORES = ["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)]


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class TestedRedis(RedisStore):
    """A store whose server goes by the clock of the test."""

    async def time(self) -> float:
        return self._clock()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    found: Store
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        found = TestedRedis(
            SharedStore(server.url, None, ""), environment=f"t{secrets.token_hex(6)}", clock=clock
        )
    elif request.param == "sqlite":
        found = SqliteStore(tmp_path / "var" / "s.db")
    else:
        found = MemoryStore()
    await found.start()
    yield found
    await found.aclose()


@pytest.fixture
def pass_time(
    request: pytest.FixtureRequest, store: Store, clock: Clock
) -> Callable[[float], Awaitable[None]]:
    """So many seconds pass, also for the server that keeps one-time values by its own clock."""

    async def passed(seconds: float) -> None:
        clock.now += seconds
        if not isinstance(store, RedisStore):
            return
        server: RedisServer = request.getfixturevalue("redis")
        async with Redis(unix_socket_path=str(server.socket)) as admin:
            for key in await admin.keys(store._prefix + b"note:*"):
                await admin.pexpire(key, await admin.pttl(key) - int(seconds * 1000))

    return passed
