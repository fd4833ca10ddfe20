"""What one session and one request cost, as docs/scaling.md counts with them.

    python -m benchmarks.scaling [--sessions 50000] [--seconds 4] [--rounds 3] [--write-docs]

Bytes of a session in each store and in the cache of a worker, what a Redis server spends on it, and what a request costs nginx
and the gateway where nginx carries it: without a login, with a verdict for each request, and with verdicts that are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from benchmarks.peers.gateway import ROOT, acm_of
from benchmarks.peers.load import SHAPES, check, wrk
from benchmarks.peers.peers import nginx, upstream
from benchmarks.peers.processes import PROXY_CORE, TEMPLATES, free_port, pinned, processor_seconds, render
from benchmarks.peers.target import Bench, Target
from benchmarks.sessions import person, redis_server
from gateway.keyring import Key
from gateway.model import Tokens
from gateway.observe.decision_record import person_names
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from simulator.login import login
from simulator.run import running
from tests.gateways import settings, write_config

PAGE = ROOT / "docs" / "scaling.md"
START, END = "<!-- measured:start -->\n", "<!-- measured:end -->"
_AT_ONCE = 50
_TOKENS = Tokens("a" * 43, "r" * 43, "i" * 1_200)
_BROWSER = "browser-sized request (16 headers)"


class Fleet(NamedTuple):
    """A server in front and the gateway that it asks, if it does."""

    front: Target
    gateway: int | None


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def opened(store: str, folder: Path) -> Sessions:
    """Sessions in this store, which keep what they opened for five minutes."""
    given = {"store": store, "key": "file:session.key", "cache_ttl": "300s"}
    chosen = SessionSettings.model_validate(given, context={"folder": folder})
    names = person_names((Key("pseudonyms", b"a key for measurements, and for nothing else"),), "ti")
    return Sessions(chosen, environment="ti", secure=True, clock=time.time, names=lambda: names)


async def filled(sessions: Sessions, count: int) -> list[str]:
    """The tickets of this many new sessions of different people."""
    tickets: list[str] = []
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        made = await asyncio.gather(*(sessions.create(person(number), _TOKENS) for number in numbers))
        tickets.extend(ticket for _, ticket in made)
    return tickets


async def in_memory(count: int) -> float:
    """Bytes of a session in the store `memory:`, and in the cache of the only process."""
    with tempfile.TemporaryDirectory() as place:
        make_key(Path(place))
        sessions = opened("memory:", Path(place))
        await sessions.start(sweep=False)
        before = resident()
        await filled(sessions, count)
        grown = resident() - before
        await sessions.aclose()
    return grown / count


async def in_sqlite(count: int, folder: Path) -> float:
    """Bytes of a session in the file."""
    sessions = opened("sqlite:sessions.db", folder)
    await sessions.start(sweep=False)
    empty = size_of(folder)
    await filled(sessions, count)
    await sessions.aclose()
    return (size_of(folder) - empty) / count


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("sessions.db*"))


async def in_redis(count: int, folder: Path, url: str) -> list[tuple[str, str]]:
    """Rows about a session in Redis: bytes, what the server spends on finding and on touching one, and the worker's cache."""
    server = Redis.from_url(url)
    sessions = opened(url, folder)
    await sessions.start(sweep=False)
    empty = (await server.info("memory"))["used_memory"]
    tickets = await filled(sessions, count)
    used = ((await server.info("memory"))["used_memory"] - empty) / count
    await sessions.aclose()

    async def spent() -> float:
        cpu = await server.info("cpu")
        return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])

    cold = opened(url, folder)
    await cold.start(sweep=False)
    before, work, own = resident(), await spent(), time.process_time()
    for first in range(0, count, _AT_ONCE):
        await asyncio.gather(*(cold.open(ticket) for ticket in tickets[first : first + _AT_ONCE]))
    cached, lookup = (resident() - before) / count, (await spent() - work) / count
    by_worker = (time.process_time() - own) / count
    await cold.aclose()
    await server.aclose()
    return [
        ("a session in Redis", f"{used:,.0f} bytes"),
        ("a session that a worker keeps in its cache (for `cache_ttl`)", f"{cached:,.0f} bytes"),
        ("to look a session up: the Redis server", f"{lookup * 1e6:.0f} µs"),
        ("to look a session up: the worker, fifty at once", f"{by_worker * 1e6:.0f} µs"),
    ]


def make_key(folder: Path) -> None:
    key = folder / "session.key"
    key.write_bytes(os.urandom(48))
    key.chmod(0o600)


def sessions(count: int) -> Iterator[tuple[str, str]]:
    """Rows about sessions."""
    yield "a session in `memory:`, with its place in the cache", f"{asyncio.run(in_memory(count)):,.0f} bytes"
    with tempfile.TemporaryDirectory(prefix="gw-scaling-") as place:
        folder = Path(place)
        make_key(folder)
        yield "a session in SQLite", f"{asyncio.run(in_sqlite(count, folder)):,.0f} bytes"
        with redis_server(folder) as url:
            if url is None:
                print("redis-server is not installed here", file=sys.stderr)
            else:
                yield from asyncio.run(in_redis(count, folder, url))


@contextlib.contextmanager
def verdicts(bench: Bench) -> Iterator[dict[str, Fleet]]:
    """nginx without and with the gateway, by what it does."""
    url, front = f"http://localhost:{free_port()}", f"127.0.0.1:{free_port()}"
    observe, folder = f"127.0.0.1:{free_port()}", bench.folder
    with contextlib.ExitStack() as stack:
        acm = stack.enter_context(running(acm_of(url)))
        environment = settings(
            folder, name="ti", gateway_url=url, acm_url=acm, upstream_url=f"http://{bench.upstream}",
            listen=url.removeprefix("http://").replace("localhost", "127.0.0.1"),
            observe={"listen": observe, "log_level": "info"},
            fronts={"main": {"listen": front, "peers": ["127.0.0.1/32"], "dialect": "nginx", "cache": "5s"}},
        )  # fmt: skip
        config = write_config(folder, {"ti": environment}, plugins=(str(ROOT / "plugins"),))
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--env", "ti"]
        ready = f"http://{observe}/readyz"
        gateway = stack.enter_context(
            pinned(command, core=PROXY_CORE, log=folder / "gateway.log", url=ready, cwd=ROOT)
        )
        cookie, host = login(url, "indiener"), url.removeprefix("http://")
        found = {"nginx, without a login": Fleet(stack.enter_context(nginx(bench)), None)}
        for name, cache in (("asks about each", ""), ("verdicts of 5 s are kept", "proxy_cache verdicts;")):
            port, place = free_port(), folder / name.replace(" ", "-")
            place.mkdir()
            place.chmod(0o777)
            values = {
                "FOLDER": place,
                "PORT": port,
                "UPSTREAM": bench.upstream,
                "FRONT": front,
                "CACHE": cache,
                "HOST": host,
            }
            rendered = render(TEMPLATES / "nginx-verdicts.conf", place / "nginx.conf", values)
            address = f"http://localhost:{port}/"
            pid = stack.enter_context(
                pinned(["nginx", "-c", str(rendered)], core=PROXY_CORE, log=place / "out", url=address)
            )
            target = Target(pid, address, f"{cookie}")
            check(target, authenticates=True)
            found[f"nginx, {name}"] = Fleet(target, gateway)
        yield found


def requests(seconds: int, rounds: int) -> Iterator[tuple[str, str]]:
    """Rows about requests that nginx carries; the median of each figure."""
    with tempfile.TemporaryDirectory(prefix="gw-scaling-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with upstream(folder) as served:
            bench = Bench(folder, served.url.removeprefix("http://").rstrip("/"), "", None)
            with verdicts(bench) as fleets:
                measured: dict[str, list[tuple[float, float]]] = {name: [] for name in fleets}
                for _ in range(rounds):
                    for name, fleet in fleets.items():
                        measured[name].append(_loaded(fleet, seconds))
    for name, runs in measured.items():
        own, behind = (sorted(figures)[len(figures) // 2] for figures in zip(*runs, strict=True))
        gateway = f", gateway {behind:.1f} µs" if fleets[name].gateway else ""
        yield f"a request: {name}", f"nginx {own:.1f} µs{gateway}"


def _loaded(fleet: Fleet, seconds: int) -> tuple[float, float]:
    """Microseconds of processor for each request: of the front, and of the gateway behind it."""
    before = processor_seconds(fleet.gateway) if fleet.gateway else 0.0
    begun = time.monotonic()
    run = wrk(fleet.front, SHAPES[_BROWSER], seconds)
    took = min(time.monotonic() - begun, seconds)
    spent = (processor_seconds(fleet.gateway) if fleet.gateway else 0.0) - before
    return run.processor, spent / (run.rate * took) * 1e6


def main() -> None:
    """Measure, print, and write the table of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50_000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write-docs", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    rows = [*sessions(given.sessions), *requests(given.seconds, given.rounds)]
    head = (
        f"{date.today().isoformat()}, {os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}; "
        f"{given.sessions:,} sessions; load average at the start {load:.2f}."
    )
    table = "\n".join(
        [head, "", "| what | costs |", "|---|---|", *(f"| {what} | {cost} |" for what, cost in rows)]
    )
    print(table)
    if given.write_docs:
        before, _, rest = PAGE.read_text("utf-8").partition(START)
        PAGE.write_text(f"{before}{START}{table}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
