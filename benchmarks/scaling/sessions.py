"""Bytes of a session in each store and in the cache of a worker, and what a Redis server spends on it."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis.asyncio import Redis

from benchmarks.sessions import person, redis_server
from gateway.key_files.keyring import Key
from gateway.model import Tokens
from gateway.observe.decision_record import person_names
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.ticket import SessionCipher

_AT_ONCE = 20
_TOKENS = Tokens("a" * 43, "r" * 43, "i" * 1_200)


def measured(count: int) -> Iterator[tuple[str, float]]:
    """Figures by name: bytes of a session, and microseconds of processor."""
    with tempfile.TemporaryDirectory(prefix="gw-scaling-") as place:
        folder = Path(place)
        key = folder / "session.key"
        key.write_bytes(os.urandom(48))
        key.chmod(0o600)
        yield "session_memory", asyncio.run(_in_memory(count, folder))
        yield "session_sqlite", asyncio.run(_in_sqlite(count, folder))
        with redis_server(folder) as url:
            if url is None:
                sys.exit("redis-server is not installed here")
            yield from asyncio.run(_in_redis(count, folder, url)).items()


async def _in_memory(count: int, folder: Path) -> float:
    """With its place in the cache of the only process."""
    sessions = _sessions("memory:", folder)
    await sessions.start(sweep=False)
    before = _resident()
    await _filled(sessions, count)
    grown = _resident() - before
    await sessions.aclose()
    return grown / count


async def _in_sqlite(count: int, folder: Path) -> float:
    sessions = _sessions("sqlite:sessions.db", folder)
    await sessions.start(sweep=False)
    empty = _file_size(folder)
    await _filled(sessions, count)
    await sessions.aclose()
    return (_file_size(folder) - empty) / count


async def _in_redis(count: int, folder: Path, url: str) -> dict[str, float]:
    server = Redis.from_url(url)
    empty = (await server.info("memory"))["used_memory"]
    filling = _sessions(url, folder, cached="0s")
    await filling.start(sweep=False)
    tickets = await _filled(filling, count)
    await filling.aclose()
    found = {"session_redis": ((await server.info("memory"))["used_memory"] - empty) / count}

    async def spent() -> float:
        cpu = await server.info("cpu")
        return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])

    cold = _sessions(url, folder)
    await cold.start(sweep=False)
    before, work, own = _resident(), await spent(), time.process_time()
    for first in range(0, count, _AT_ONCE):
        await asyncio.gather(*(cold.open(ticket) for ticket in tickets[first : first + _AT_ONCE]))
    found["lookup_worker"] = (time.process_time() - own) / count * 1e6
    found["lookup_server"] = (await spent() - work) / count * 1e6
    found["session_cached"] = (_resident() - before) / count

    cipher = SessionCipher("ti", ((folder / "session.key").read_bytes(),))
    names, work, now = [cipher.ticket(ticket).key for ticket in tickets], await spent(), time.time()
    for first in range(0, count, _AT_ONCE):
        await asyncio.gather(*(cold.store.touch(name, now) for name in names[first : first + _AT_ONCE]))
    found["touch_server"] = (await spent() - work) / count * 1e6
    await cold.aclose()
    await server.aclose()
    return found


def _sessions(store: str, folder: Path, cached: str = "300s") -> Sessions:
    """Sessions in this store; what was opened is kept for `cached`."""
    given = {"store": store, "key": "file:session.key", "cache_ttl": cached, "cache_size": 1_000_000}
    chosen = SessionSettings.model_validate({**given, "store_timeout": "30s"}, context={"folder": folder})
    names = person_names((Key("pseudonyms", b"a key for measurements, and for nothing else"),), "ti")
    return Sessions(chosen, environment="ti", secure=True, clock=time.time, names=lambda: names)


async def _filled(sessions: Sessions, count: int) -> list[str]:
    """The tickets of this many new sessions of different people."""
    tickets: list[str] = []
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        made = await asyncio.gather(*(sessions.create(person(number), _TOKENS) for number in numbers))
        tickets.extend(ticket for _, ticket in made)
    return tickets


def _resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _file_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("sessions.db*"))
