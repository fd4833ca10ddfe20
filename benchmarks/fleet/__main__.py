"""`python -m benchmarks.fleet [--minutes 5] [--failover 60]`. Exits 1 if something was lost or grew."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

from benchmarks.fleet.servers import Fleet, fleet
from benchmarks.soak.ledger import Ledger, Lost
from benchmarks.soak.measure import Sample, growth, quiet, sample
from benchmarks.soak.people import People, Person
from benchmarks.soak.report import counts, table
from benchmarks.soak.servers import ROOT

_PERSONAS = ("indiener", "zonder-recht", "verkeerde-context", "buitenland", "indiener", "buitenland")
_LATE = 8.0
"""Seconds after which a logout counts at every gateway: cache_ttl, and some."""
_RENEWED = 300.0
"""Seconds between the logins of one person: well before the session has to be rechecked."""
_DURING = " (during a failover)"
_ORGANISATION = "OVO999001"
_WORDS = 20
_POOL = 32
_QUIET_SECONDS = 100.0


class Everybody:
    """People who come, work and go through nginx, and operators. `ready` counts the answers of /readyz by status."""

    def __init__(self, target: Fleet, ledger: Ledger) -> None:
        self._fleet = target
        self._ledger = ledger
        self._people = People(target.front, ledger)
        self._turn = 0
        self.ready: dict[int, int] = {}

    async def all(self, failover: float) -> list[asyncio.Task[None]]:
        """Everything that goes on, begun."""
        every, people = self._ledger.every, self._people
        here = [await people.log_in(persona) for persona in _PERSONAS]
        work = [
            *(people.reads(person) for person in here for _ in range(3)),
            *(people.streams(person) for person in here),
            every(8.0, lambda: people.downloads(here[0])),
            every(4.0, lambda: people.uploads(here[1])),
            every(2.0, self._comes_and_goes),
            every(20.0, self._blocks),
            every(1.0, self._looks),
            every(failover, self._fails_over),
            every(_RENEWED, lambda: self._come_back(here)),
        ]
        return [asyncio.create_task(each) for each in work]

    async def _come_back(self, people: list[Person]) -> None:
        """Log everybody in again: only a browser that goes to a page can have its session rechecked, and these go to none."""
        await self._ledger.pause(_RENEWED)
        for person, persona in zip(people, _PERSONAS, strict=True):
            while not self._ledger.over.is_set():
                try:
                    person.cookie = (await self._people.log_in(persona)).cookie
                    break
                except (Lost, OSError, TimeoutError):  # a failover: what that costs is counted elsewhere
                    await self._ledger.pause(2.0)

    async def _comes_and_goes(self) -> None:
        self._turn += 1
        store, kind, begun = self._fleet.store, "login, logout", time.monotonic()
        failovers, failing = store.failovers, store.failing
        try:
            person = await self._people.log_in(_PERSONAS[self._turn % len(_PERSONAS)])
            async with asyncio.timeout(30), self._people.client() as client:
                answer = await client.ask("POST", "/oauth2/logout/local", person.headers)
                await asyncio.sleep(_LATE)
                after = await client.ask("GET", "/echo/page?1", person.headers)
            if (answer.status, after.status) != (200, 401):
                raise Lost(f"logout {answer.status}, then {after.status}")
        except (Lost, OSError, asyncio.IncompleteReadError, TimeoutError) as problem:
            if failing or store.failing or failovers != store.failovers:
                kind += _DURING
            self._ledger.lost[kind] += 1
            self._ledger.words.append(f"{kind}: {type(problem).__name__}: {problem}")
        else:
            self._ledger.done[kind] += 1
        self._ledger.slowest[kind] = max(self._ledger.slowest.get(kind, 0.0), time.monotonic() - begun)

    async def _blocks(self) -> None:
        if self._fleet.store.failing:
            return
        with self._ledger.one("block, confirmed by all"):
            for words in (
                ["add", "--organisation", _ORGANISATION, "--reason", "soak", "--until", "8h"],
                ["list"],
            ):
                await asyncio.to_thread(self._command, *words)

    def _command(self, *words: str) -> None:
        given = [sys.executable, "-m", "gateway", "block", *words, "--env", "ti"]
        given += ["--config", str(self._fleet.front.config), *(["--wait"] if words[0] == "add" else [])]
        done = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode and not self._fleet.store.failing:
            raise Lost(f"gateway block {words[0]}: {done.returncode} {done.stderr[-120:]!r}")

    async def _looks(self) -> None:
        for each in self._fleet.gateways:
            status = await asyncio.to_thread(_ready, each.observe)
            self.ready[status] = self.ready.get(status, 0) + 1

    async def _fails_over(self) -> None:
        await self._ledger.pause(15.0)
        if not self._ledger.over.is_set():
            with self._ledger.one("failover"):
                await asyncio.to_thread(self._fleet.store.fail_over)


def _ready(observe: str) -> int:
    try:
        with urllib.request.urlopen(f"http://{observe}/readyz", timeout=5) as answer:
            json.load(answer)
            return int(answer.status)
    except OSError as problem:
        return int(getattr(problem, "code", 0))


async def soak(target: Fleet, minutes: float, every: float, failover: float) -> bool:
    """Run it and print; whether nothing was lost and nothing grew."""
    ledger = Ledger()
    everybody = Everybody(target, ledger)
    before = [await sample(each, 0.0) for each in target.gateways]
    tasks = await everybody.all(failover)
    during: list[list[Sample]] = [[] for _ in target.gateways]
    begun = time.monotonic()
    while time.monotonic() < begun + 60 * minutes and not any(task.done() for task in tasks):
        await asyncio.sleep(every)
        minute = round((time.monotonic() - begun) / 60, 1)
        for found, each in zip(during, target.gateways, strict=True):
            found.append(await sample(each, minute))
        print(
            f"minute {minute}: {[round(found[-1].rss) for found in during]} MB", file=sys.stderr, flush=True
        )
    ledger.over.set()
    failed = [each for each in await asyncio.gather(*tasks, return_exceptions=True) if each is not None]
    grown = []
    for number, each in enumerate(target.gateways):
        # Connections to Redis stay open once they were needed.
        held = replace(before[number], descriptors=before[number].descriptors + _POOL)
        after = await quiet(each, held, minutes, _QUIET_SECONDS)
        print(f"\nGateway {number + 1}\n\n{table(before[number], during[number], after)}")
        grown += [f"gateway {number + 1}: {words}" for words in growth(held, during[number], after)]
    print(
        f"\n{counts(ledger, {})}\n\nfailovers: {target.store.failovers}; readyz by status: {everybody.ready}"
    )
    for line in (*ledger.words[:_WORDS], *grown, *map(repr, failed)):
        print(line)
    lost = {kind for kind, count in ledger.lost.items() if count and not kind.endswith(_DURING)}
    clean = not (lost or grown or failed or set(everybody.ready) - {200})
    print("nothing was lost, nothing grew" if clean else "NOT CLEAN")
    return clean


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument(
        "--every", type=float, default=60.0, help="seconds between two looks at the processes"
    )
    parser.add_argument(
        "--failover", type=float, default=60.0, help="seconds between two deaths of the master"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gw-fleet-") as folder, fleet(Path(folder)) as target:
        clean = asyncio.run(soak(target, given.minutes, given.every, given.failover))
        for number in range(2):
            words = (Path(folder) / f"g{number}" / "gateway.log").read_text("utf-8", "replace").splitlines()
            for line in words[-_WORDS:]:
                print(f"log {number + 1}: {line[:260]}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
