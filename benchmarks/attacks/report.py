"""The outcomes as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.attacks.aim import Attack
from benchmarks.attacks.measure import Outcome

START, END = "<!-- attacks:start -->", "<!-- attacks:end -->"


@dataclass(frozen=True)
class Report:
    """One run: circumstances, and for each attack the outcomes by target, in the order of `targets`."""

    date: str
    machine: str
    load_average: float
    seconds: float
    rounds: int
    versions: Mapping[str, str]
    targets: tuple[str, ...]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    skipped: Mapping[str, str]


def cell(found: Outcome) -> str:
    """Median, longest, megabytes; the share answered where it is not all."""
    if math.isinf(found.median):
        return f"none answered; {found.growth:.0f} MB"
    share = "" if found.answered == 1 else f"{found.answered:.0%} answered; "
    return f"{share}{_time(found.median)}, {_time(found.longest)}; {found.growth:.0f} MB"


def as_text(report: Report, attacks: tuple[Attack, ...]) -> str:
    """Circumstances, the table and the skipped, in Markdown."""
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    lines = [["attack", *report.targets]]
    for attack in attacks:
        found = report.outcomes.get(attack.name, {})
        if found:
            lines.append(
                [attack.words, *(cell(found[each]) if each in found else "" for each in report.targets)]
            )
    head, *rows = (f"| {' | '.join(line)} |" for line in lines)
    table = "\n".join([head, "|---" * len(lines[0]) + "|", *rows])
    skipped = [f"Skipped: {label}: {reason}" for label, reason in report.skipped.items()]
    about = (
        f"{report.date}, {report.machine}; each attack {report.seconds:g} s, the best of {report.rounds} runs for each"
        f" figure of each target; load average at the start {report.load_average:.2f}. {versions}."
    )
    return "\n\n".join([about, table, *skipped])


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"
