"""Sessions on a Redis server that many machines share: Redis 6 or newer, or another server with its protocol.

All keys of an environment have one prefix with one hash tag. Each session has a time to live; sets by subject,
organisation and sid lead to it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import isinf
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.errors import StoreUnavailable
from gateway.redis_servers.redis_pool import RedisPool
from gateway.session.ended_keys import EndedKeys
from gateway.session.redis_failures import StoreForbidden, forbidden, store_failure
from gateway.session.redis_permissions import missing_permissions
from gateway.session.redis_scripts import DELETE, FORGET, KEEP, PUT_VALUE, SWAP_ENTRY, TAKE_VALUE, TOUCH
from gateway.session.store import StoredSession
from gateway.settings import SharedStore

log = structlog.get_logger()

_FIELDS: Final = ("sealed", "created_at", "seen_at", "expires_at", "subject", "organisation", "sid")
_PAGE: Final = 500
_CALL_OCTETS: Final = 8
# How much longer than the session itself its key lives: the sweep, which also cleans the sets, comes before the expiry.
_LINGER_SECONDS: Final = 900.0


class RedisStore:
    """A store on a server that many share. No call takes longer than its `timeout`.

    With `prove`, the start finds out whether the server's user has all permissions.
    """

    def __init__(
        self, server: SharedStore, *, environment: str, clock: Callable[[], float], prove: bool = False
    ) -> None:
        self._server = server
        self._prove = prove
        self._clock = clock
        self._prefix = f"{{toegangspoort:{environment}}}:".encode()
        self.prefix = self._prefix.decode()
        """How its keys begin."""

        self._orders = (self._prefix + b"by-use", self._prefix + b"by-end")
        self._redis: Redis | None = None
        self._pool: RedisPool | None = None
        self._calls: set[asyncio.Task[Any]] = set()
        self._ended = EndedKeys(self._end_all, time.monotonic)

    async def start(self) -> None:
        """Make the connections and ask the server once. Raises ValueError, StoreUnavailable."""
        if self._redis is None:
            self._pool = await asyncio.to_thread(self._server.pool)
            self._redis = Redis(connection_pool=self._pool)
        await self._run(lambda redis: redis.ping())
        if self._prove:
            await self.prove()

    async def prove(self) -> None:
        """Find out whether the user has all permissions. Raises StoreForbidden, and StoreUnavailable."""
        try:
            lacking = await self._run(lambda redis: missing_permissions(redis, self.prefix))
        except StoreForbidden:
            raise
        except StoreUnavailable as problem:
            # One that can only be read, for example, serves those who are logged in.
            log.warning("what the session store permits is not known", reason=problem.detail)
            return
        if lacking:
            raise forbidden(self._server.address, lacking)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._ended.aclose()
        await asyncio.gather(*self._calls, return_exceptions=True)
        pool, self._redis, self._pool = self._pool, None, None
        if pool is not None:
            await pool.aclose()

    async def get(self, key: bytes) -> StoredSession | None:
        """See Store."""
        found = await self._run(lambda redis: redis.hmget(self._session(key), _FIELDS))
        return _stored(key, found)

    async def put(self, stored: StoredSession) -> None:
        """See Store."""
        await self._store("put", stored.key, stored)

    async def swap(self, key: bytes, stored: StoredSession) -> bool:
        """See Store."""
        if key != stored.key:
            self._ended.add(key)
        return await self._store("swap", key, stored)

    async def touch(self, key: bytes, seen_at: float) -> None:
        """See Store."""
        await self._script(TOUCH, (self._session(key), *self._orders), (self._prefix, repr(seen_at)))

    async def delete(self, key: bytes) -> bool:
        """See Store."""
        found = bool(await self._remove(DELETE, (self._session(key), *self._orders), (self._prefix,)))
        self._ended.add(key)
        return found

    async def ended(self, keys: Sequence[bytes]) -> None:
        """See Store."""
        for key in keys:
            self._ended.add(key)

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """See Store."""
        wanted = {"subject": subject, "organisation": organisation, "sid": sid}
        sets = [self._set(kind, value) for kind, value in wanted.items() if value is not None]
        if sets:
            names = list(await self._run(lambda redis: redis.sinter(sets)))
        else:
            names = await self._all()
        found: list[StoredSession] = []
        for start in range(0, len(names), _PAGE):
            found.extend(await self._read(names[start : start + _PAGE]))
        return sorted(found, key=lambda stored: stored.created_at)

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """See Store; one-time values expire by themselves, and expired entries are dropped when they are read."""
        by_use, by_end = self._orders
        gone = 0
        for order, moment in ((by_use, idle_before), (by_end, expired_before)):
            before = await self._there(moment)
            while names := await self._first(order, before):
                for name in names:
                    gone += await self._script(FORGET, (name, *self._orders), (self._prefix,))
        return gone

    async def put_value(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """See Store."""
        lifetime = max(1, int((until - now) * 1000))
        values = (value, repr(until), lifetime, os.urandom(_CALL_OCTETS))
        return bool(await self._script(PUT_VALUE, (self._value(name),), values))

    async def get_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        return (await self.get_values((name,), now=now))[0]

    async def get_values(self, names: Sequence[bytes], *, now: float) -> list[bytes | None]:
        """See Store."""

        def ask(redis: Redis) -> Awaitable[Any]:
            pipeline = redis.pipeline(transaction=False)
            for name in names:
                pipeline.hget(self._value(name), "value")
            return pipeline.execute()

        found: list[bytes | None] = await self._run(ask)
        return found

    async def take_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        found: bytes | None = await self._remove(TAKE_VALUE, (self._value(name),), ())
        return found

    async def entries(self, topic: str, *, now: float) -> dict[str, bytes]:
        """See Store."""
        found: dict[bytes, bytes] = await self._run(lambda redis: redis.hgetall(self._topic(topic)))
        lasting = all(content.startswith(b"inf ") for content in found.values())
        there = now if lasting else await self._there(now)
        valid: dict[str, bytes] = {}
        for name, content in found.items():
            until, _, value = content.partition(b" ")
            if float(until) > there:
                valid[name.decode()] = value
            else:
                await self.drop_entry(topic, name.decode())
        return valid

    async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
        """See Store."""
        content = b"%s %s" % (repr(await self._there(until)).encode(), value)
        await self._run(lambda redis: redis.hset(self._topic(topic), name, content))

    async def swap_entry(self, topic: str, name: str, earlier: bytes | None, later: bytes) -> bool:
        """See Store."""
        before = b"inf " + earlier if earlier is not None else b""
        return bool(await self._script(SWAP_ENTRY, (self._topic(topic),), (name, before, b"inf " + later)))

    async def drop_entry(self, topic: str, name: str) -> bool:
        """See Store."""
        return bool(await self._run(lambda redis: redis.hdel(self._topic(topic), name)))

    async def info(self) -> Mapping[str, Any] | None:
        """What the server says of itself (INFO); None where its user may not ask."""
        try:
            found: Mapping[str, Any] = await self._run(lambda redis: redis.info())
        except StoreForbidden:
            return None
        return found

    async def time(self) -> float:
        """See Store."""
        seconds, micros = await self._run(lambda redis: redis.time())
        return int(seconds) + int(micros) / 1e6

    async def _there(self, moment: float) -> float:
        """By the server's clock: where each machine went by its own, a wrong one would end the entries of all others."""
        return moment if isinf(moment) else moment + await self.time() - self._clock()

    async def replica(self) -> bool:
        """See Store. Needs no permission: a connection may always ask whom it speaks to."""
        try:
            said = await self._run(lambda redis: redis.execute_command("HELLO"))  # type: ignore[no-untyped-call]
        except StoreUnavailable:
            return False  # an old server or a proxy, which does not know the question
        found = said if isinstance(said, dict) else dict(zip(said[::2], said[1::2], strict=False))
        return found.get(b"role") in (b"replica", b"slave")

    async def _end_all(self, keys: Sequence[bytes]) -> int:
        """Forget these sessions; how many there were."""
        by_use, by_end = self._orders

        def ask(names: Sequence[bytes]) -> Callable[[Redis], Awaitable[Any]]:
            def asked(redis: Redis) -> Awaitable[Any]:
                pipeline = redis.pipeline(transaction=False)
                for name in names:
                    pipeline.eval(FORGET, 3, name, by_use, by_end, self._prefix)
                return pipeline.execute()

            return asked

        names = [self._session(key) for key in keys]
        return sum(
            [sum(await self._run(ask(names[start : start + _PAGE]))) for start in range(0, len(names), _PAGE)]
        )

    async def _store(self, how: str, key: bytes, stored: StoredSession) -> bool:
        linked = {"subject": stored.subject, "organisation": stored.organisation, "sid": stored.sid}
        sets = [self._set(kind, value) for kind, value in linked.items() if value]
        lifetime = max(1, int((stored.expires_at - self._clock() + _LINGER_SECONDS) * 1000))
        fields = {
            "sealed": stored.sealed,
            "created_at": repr(stored.created_at),
            "seen_at": repr(stored.seen_at),
            "expires_at": repr(stored.expires_at),
            **{kind: value.hex() for kind, value in linked.items()},
        }
        keys = (self._session(key), *self._orders, self._session(stored.key), *sets)
        values: list[Any] = [self._prefix, how, lifetime, repr(stored.seen_at), repr(stored.expires_at)]
        for name, value in fields.items():
            values += (name, value)
        return bool(await self._script(KEEP, keys, values))

    async def _first(self, order: bytes, before: float) -> list[bytes]:
        """The first page of the sessions before a moment, in this order."""

        def ask(redis: Redis) -> Awaitable[Any]:
            return redis.zrangebyscore(order, "-inf", f"({before!r}", start=0, num=_PAGE)

        found: list[bytes] = await self._run(ask)
        return found

    async def _all(self) -> list[bytes]:
        """The keys of all sessions; a few at a time, because all of 100,000 would take longer than one answer may."""
        found: dict[bytes, None] = {}
        cursor = 0

        def ask(redis: Redis) -> Awaitable[Any]:
            return redis.zscan(self._orders[1], cursor, count=_PAGE)

        while True:
            cursor, page = await self._run(ask)
            found.update(dict.fromkeys(name for name, _ in page))
            if cursor == 0:
                return list(found)

    async def _read(self, names: Sequence[bytes]) -> list[StoredSession]:
        def ask(redis: Redis) -> Awaitable[Any]:
            pipeline = redis.pipeline(transaction=False)
            for name in names:
                pipeline.hmget(name, _FIELDS)
            return pipeline.execute()

        found = await self._run(ask)
        keys = [bytes.fromhex(name.rpartition(b":")[2].decode()) for name in names]
        return [stored for key, values in zip(keys, found, strict=True) if (stored := _stored(key, values))]

    async def _remove(self, script: str, keys: Sequence[bytes], values: Sequence[Any]) -> Any:
        call = self._prefix + b"call:" + os.urandom(_CALL_OCTETS).hex().encode()
        # No call is sent again once its time is over.
        return await self._script(script, (*keys, call), (*values, int(self._server.timeout * 1000) + 1000))

    async def _script(self, script: str, keys: Sequence[bytes], values: Sequence[Any]) -> Any:
        return await self._run(lambda redis: redis.eval(script, len(keys), *keys, *values))

    async def _run(self, ask: Callable[[Redis], Awaitable[Any]]) -> Any:
        # A caller that is cancelled does not cancel its call half-way: no reply is left over for the next caller
        # (CVE-2023-28858), and no connection is lost.
        call = asyncio.create_task(self._answer(ask))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await asyncio.shield(call)

    async def _answer(self, ask: Callable[[Redis], Awaitable[Any]]) -> Any:
        if self._redis is None:
            raise StoreUnavailable("the session store is not open")
        try:
            async with asyncio.timeout(self._server.timeout):
                answer = await ask(self._redis)
        except (RedisError, OSError, TimeoutError) as problem:
            raise store_failure(problem, self._server.address, self.prefix) from problem
        if self._pool is not None:
            self._ended.look(self._pool.made)
        return answer

    def _session(self, key: bytes) -> bytes:
        return self._prefix + b"session:" + key.hex().encode()

    def _set(self, kind: str, value: bytes) -> bytes:
        return self._prefix + kind.encode() + b":" + value.hex().encode()

    def _value(self, name: bytes) -> bytes:
        return self._prefix + b"note:" + name.hex().encode()

    def _topic(self, topic: str) -> bytes:
        prefix = b"{toegangspoort}:" if topic.startswith("/") else self._prefix
        return prefix + b"entries:" + topic.encode()


def _stored(key: bytes, found: Sequence[bytes | None]) -> StoredSession | None:
    """The session that these fields make; None where there is none, or something else is there."""
    values = [value for value in found if value is not None]
    if len(values) != len(_FIELDS):
        return None
    try:
        created_at, seen_at, expires_at = (float(value) for value in values[1:4])
        subject, organisation, sid = (bytes.fromhex(value.decode("ascii")) for value in values[4:])
    except ValueError:
        return None
    return StoredSession(key, values[0], created_at, seen_at, expires_at, subject, organisation, sid)
