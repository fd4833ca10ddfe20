"""Everything at once: `python -m benchmarks.soak [--minutes 10]`. Exits 1 if something was lost or grew."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.soak.attackers import Attackers
from benchmarks.soak.gateway import Target, gateway
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.measure import Sample, growth, quiet, sample
from benchmarks.soak.people import People
from benchmarks.soak.report import counts, table
from benchmarks.soak.sockets import Sockets

_WORDS = 20
_QUIET_SECONDS = 100.0
"""A little more than the listener keeps an idle connection."""


async def soak(target: Target, minutes: float, every: float) -> bool:
    """Run it and print; whether nothing was lost and nothing grew."""
    ledger = Ledger()
    people, attackers = People(target, ledger), Attackers(target, ledger)
    arrived, blocked = await people.arrive()
    sockets = Sockets(people)
    at_work = [*people.all(arrived, blocked), *(sockets.talks(each) for each in arrived for _ in range(5))]
    with ledger.one("reload"):
        await people.reload()
    await asyncio.sleep(5.0)  # the idle connections of that have closed
    before = await sample(target, 0.0)
    tasks = [asyncio.create_task(each) for each in (*at_work, *attackers.all())]
    during = await _watch(target, minutes, every, tasks)
    ledger.over.set()
    failed = [each for each in await asyncio.gather(*tasks, return_exceptions=True) if each is not None]
    after = await quiet(target, before, minutes, _QUIET_SECONDS)
    grown = growth(before, during, after)
    print(table(before, during, after), counts(ledger, attackers.tried), sep="\n\n")
    for line in (*ledger.words[:_WORDS], *grown, *map(repr, failed)):
        print(line)
    clean = not (ledger.lost or grown or failed)
    print("nothing was lost, nothing grew" if clean else "NOT CLEAN")
    return clean


async def _watch(
    target: Target, minutes: float, every: float, tasks: list[asyncio.Task[None]]
) -> list[Sample]:
    begun = time.monotonic()
    during: list[Sample] = []
    while time.monotonic() < begun + 60 * minutes and not any(task.done() for task in tasks):
        await asyncio.sleep(every)
        minute = (time.monotonic() - begun) / 60
        during.append(await sample(target, round(minute, 1)))
        print(f"minute {minute:.1f}: {during[-1].rss:.0f} MB", file=sys.stderr, flush=True)
    return during


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks at the process")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as target:
        clean = asyncio.run(soak(target, given.minutes, given.every))
        words = (Path(folder) / "gateway.log").read_text("utf-8", "replace").splitlines()
        for line in words[-_WORDS:]:
            print(f"log: {line[:300]}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
