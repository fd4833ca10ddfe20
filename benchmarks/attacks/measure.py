"""One attack on one target: what a bystander waits, and how the target's memory grows."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.attacks.aim import Attack
from benchmarks.attacks.bystander import ask
from benchmarks.attacks.memory import forget_peak, peak, resident
from benchmarks.peers.processes import LOAD_CORE, NotRunning
from benchmarks.peers.target import Target

_WARM_UP = 50


@dataclass(frozen=True)
class Outcome:
    """The bystander's waits in milliseconds, the share of its requests that were answered, and megabytes over idle."""

    median: float
    longest: float
    answered: float
    growth: float


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """The best of each figure: other work on the machine only makes them worse."""
    return Outcome(
        min(each.median for each in outcomes), min(each.longest for each in outcomes),
        max(each.answered for each in outcomes), min(each.growth for each in outcomes),
    )  # fmt: skip


def outcome(waits: Sequence[float | None], growth: float) -> Outcome:
    """`waits` in seconds, None for requests without an answer. Where none was answered, the waits are without end."""
    answered = [wait * 1_000 for wait in waits if wait is not None]
    if not answered:
        return Outcome(float("inf"), float("inf"), 0.0, growth)
    return Outcome(statistics.median(answered), max(answered), len(answered) / len(waits), growth)


def attacked(attack: Attack, start: AbstractContextManager[Target], seconds: float) -> tuple[Outcome, Target]:
    """Start the target, attack it, stop it. Raises NotRunning where it does not answer before the attack."""
    with start as target:
        port = urlsplit(target.url).port or 80
        warm = [asyncio.run(ask(port, target.cookie)) for _ in range(_WARM_UP)]
        if None in warm:
            raise NotRunning("does not answer a small page")
        before = resident(target.pid)
        forget_peak(target.pid)
        bystander = _module("bystander", port, seconds, target.cookie)
        attacker = _module("attacker", attack.name, port)
        waits = json.loads(bystander.communicate()[0])
        growth = peak(target.pid) - before
        if attacker.poll() is not None:
            raise RuntimeError(f"the attack {attack.name} failed")
        attacker.kill()
        attacker.wait()
        return outcome(waits, growth), target


def _module(name: str, *arguments: object) -> subprocess.Popen[str]:
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", f"benchmarks.attacks.{name}"]
    return subprocess.Popen([*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
