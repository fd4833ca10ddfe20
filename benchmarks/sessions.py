"""How long it takes to open a session that nobody opened before, and to find somebody's, among many: SQLite and Redis.

    python -m benchmarks.sessions [SESSIONS] [LOOKUPS]

It makes its own files and its own redis-server, and prints a few lines for each store.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from gateway.cli.people import SessionFilter, matching
from gateway.key_files.keyring import Key
from gateway.model import Identity, Organisation, Right, Tokens
from gateway.observe.decision_record import person_names
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings

_AT_ONCE = 50


def person(number: int) -> Identity:
    """One of many people, with two rights for one of 5,000 organisations."""
    organisation = f"{number % 5_000:010d}"
    rights = tuple(
        Right("OVAMGebruiker", context, organisation)
        for context in ("NonConformiteitenIndiener", "Bodemdossiers")
    )
    return Identity(
        issuer="https://authenticatie-ti.vlaanderen.be/op", subject=f"subject-{number}", given_name="An",
        family_name="Peeters", organisation=Organisation(organisation, "Peeters bv"), rights=rights,
    )  # fmt: skip


async def _measure(store: str, folder: Path, sessions: int, lookups: int) -> None:
    settings = SessionSettings.model_validate(
        {"store": store, "key": "file:session.key"}, context={"folder": folder}
    )

    names = person_names((Key("pseudonyms", b"a key for measurements, and for nothing else"),), "ti")

    def opened() -> Sessions:
        return Sessions(settings, environment="ti", secure=True, clock=time.time, names=lambda: names)

    filling = opened()
    await filling.start(sweep=False)
    tickets: list[str] = []
    for first in range(0, sessions, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, sessions))
        tokens = Tokens("a" * 43, "r" * 43, "i" * 1_200)
        made = await asyncio.gather(*(filling.create(person(number), tokens) for number in numbers))
        tickets.extend(ticket for _, ticket in made)
    await filling.aclose()
    cold = opened()
    await cold.start(sweep=False)
    seconds, work = [], []
    for ticket in Random(1).sample(tickets, lookups):
        begun, used = time.perf_counter(), time.process_time()
        found = await cold.open(ticket)
        seconds.append(time.perf_counter() - begun)
        work.append(time.process_time() - used)
        if found is None:
            raise SystemExit("a session is gone")
    kind = "sqlite" if store.startswith("sqlite") else "redis"
    whom = next(iter(names(person(sessions // 2)).values()))
    for way, wanted in (
        ("pseudonym", SessionFilter(person=whom)),
        ("organisation", SessionFilter(organisation=f"{7:010d}")),
        ("sub", SessionFilter(subject="subject-7")),
    ):
        begun, used = time.perf_counter(), time.process_time()
        listed = await matching(cold, wanted, time.time())
        took, work_done = time.perf_counter() - begun, time.process_time() - used
        print(
            f"{kind:6} {sessions} sessions, {len(listed)} found by {way}: {took:.2f} s, processor {work_done:.2f} s"
        )
    await cold.aclose()
    print(
        f"{kind:6} {sessions} sessions, {lookups} cold lookups: {_told(seconds)}; processor time {_told(work)}"
    )


def _told(seconds: list[float]) -> str:
    """On a busy machine the processor time of this process tells what a lookup costs, and the rest is waiting."""
    seconds.sort()
    p50, p99 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    return f"p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms"


@contextmanager
def redis_server(folder: Path) -> Iterator[str | None]:
    """The address of a Redis of one's own; None where there is no redis-server on this machine."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    place = folder / "redis.sock"
    options = (
        "--port",
        "0",
        "--unixsocket",
        str(place),
        "--dir",
        str(folder),
        "--save",
        "",
        "--appendonly",
        "no",
    )
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        while not place.exists():
            time.sleep(0.02)
        yield f"unix://{place}?db=0"
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure both stores."""
    given = [int(each) for each in sys.argv[1:3]]
    sessions, lookups = (*given, *(100_000, 5_000)[len(given) :])
    with tempfile.TemporaryDirectory(prefix="gw-bench-") as place:
        folder = Path(place)
        (folder / "session.key").write_bytes(os.urandom(48))
        (folder / "session.key").chmod(0o600)
        asyncio.run(_measure("sqlite:sessions.db", folder, sessions, lookups))
        with redis_server(folder) as url:
            if url is None:
                print("redis-server is not installed here")
            else:
                asyncio.run(_measure(url, folder, sessions, lookups))


if __name__ == "__main__":
    main()
