"""What the gateway's process holds, moment by moment, and whether that has grown."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.gateway import Target

MOST_GROWTH = 1.15
"""Memory in the last third of the run, over that in the middle third."""
_ENOUGH = 9
"""Samples from which on memory is judged: before that, tables and caches are still filling."""
_FIXED = 5
_TABLE_ROOM = 200
_KB_PER_MB = 1024


@dataclass(frozen=True)
class Sample:
    """One moment. `tables` has (entries, bound or None) by name; `rss` is in MB, `minute` since the start."""

    minute: float
    descriptors: int
    tasks: int
    rss: float
    clients: int
    upstream: int
    held: int
    in_flight: int
    tables: dict[str, tuple[int, int | None]]

    @property
    def entries(self) -> int:
        return sum(count for count, _ in self.tables.values())


async def sample(target: Target, minute: float) -> Sample:
    """What the process holds now. Raises TimeoutError if it does not say."""
    before = target.numbers.stat().st_mtime_ns if target.numbers.exists() else 0
    os.kill(target.pid, signal.SIGUSR2)
    async with asyncio.timeout(30):
        while not target.numbers.exists() or target.numbers.stat().st_mtime_ns == before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return _read(target, minute)


def _read(target: Target, minute: float) -> Sample:
    found = json.loads(target.numbers.read_text())
    process = Path(f"/proc/{target.pid}")
    status = (process / "status").read_text()
    return Sample(
        minute=minute,
        descriptors=len(list((process / "fd").iterdir())),
        tasks=found["tasks"],
        rss=int(status.split("VmRSS:")[1].split()[0]) / _KB_PER_MB,
        clients=found["clients"],
        upstream=found["upstream"],
        held=found["held"],
        in_flight=found["in_flight"],
        tables={name: (count, bound) for name, (count, bound) in found["tables"].items()},
    )


async def quiet(target: Target, before: Sample, minute: float, patience: float) -> Sample:
    """The sample after the end, once everything that ends by itself has ended."""
    end = time.monotonic() + patience
    while True:
        found = await sample(target, minute)
        if not _held(before, found) or time.monotonic() > end:
            return found
        await asyncio.sleep(1.0)


def _held(before: Sample, after: Sample) -> list[str]:
    """What is still held that was not held before."""
    return [
        f"{name}: {had} before, {has} after"
        for name, had, has in (
            ("descriptors", before.descriptors, after.descriptors),
            ("tasks", before.tasks, after.tasks),
            ("connections of clients", before.clients, after.clients),
            ("connections to the register", before.upstream, after.upstream),
            ("connections held", before.held, after.held),
            ("requests in flight", before.in_flight, after.in_flight),
        )
        if has > had + (_FIXED if name in ("descriptors", "tasks", "connections to the register") else 0)
    ]


def growth(before: Sample, during: list[Sample], after: Sample) -> list[str]:
    """What grew beyond its bound, in words."""
    found = _held(before, after)
    third = len(during) // 3
    if len(during) >= _ENOUGH:
        middle, last = (
            sum(each.rss for each in part) / third for part in (during[third : 2 * third], during[-third:])
        )
        if last > MOST_GROWTH * middle:
            found.append(f"memory: {middle:.0f} MB in the middle third, {last:.0f} MB in the last")
    for name, (count, bound) in after.tables.items():
        had = before.tables.get(name, (0, None))[0]
        if count > (bound if bound is not None else had + _TABLE_ROOM):
            found.append(f"table {name}: {had} entries before, {count} after, bound {bound}")
    return found
