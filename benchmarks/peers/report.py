"""The result of a run: tables with ratios, JSON, and the block in the docs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.peers.load import Run

UPSTREAM, NGINX, CADDY = "the upstream itself", "nginx, plain proxy", "Caddy, plain proxy"
GATEWAY = "gateway, everything on"
GATEWAY_TWO = "gateway, two workers on the core"
START, END = "<!-- peers:start -->", "<!-- peers:end -->"
BUSY = 0.7
"""The load average at the start above which other work on the machine spoils the figures."""

_HEAD = ("target", "requests/s", "/ nginx", "/ Caddy", "µs of processor", "p50 ms", "p99 ms")


@dataclass(frozen=True)
class Report:
    """One run: circumstances, the medians of each target for each shape of request, and what was skipped and why."""

    date: str
    machine: str
    load_average: float
    seconds: int
    rounds: int
    versions: Mapping[str, str]
    results: Mapping[str, Mapping[str, Run]]
    """The medians of each target by its label, for each shape of request."""
    skipped: Mapping[str, str]

    @property
    def busy(self) -> bool:
        return self.load_average > BUSY


def ratio(rows: Mapping[str, Run], label: str, reference: str) -> float | None:
    """The rate of one target over that of another; None where the other was not measured."""
    return round(rows[label].rate / rows[reference].rate, 3) if reference in rows else None


def table(rows: Mapping[str, Run]) -> str:
    """A Markdown table whose columns line up, fastest first."""
    lines: list[tuple[str, ...]] = [_HEAD]
    for label in sorted(rows, key=lambda each: -rows[each].rate):
        run = rows[label]
        compared = (ratio(rows, label, NGINX), ratio(rows, label, CADDY))
        lines.append(
            (
                label, f"{run.rate:,.0f}", *("" if each is None else f"{each:.2f}" for each in compared),
                f"{run.processor:.1f}", f"{run.p50:.2f}", f"{run.p99:.2f}",
            )
        )  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [_row(line, widths) for line in lines]
    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([shown[0], f"|{rule}|", *shown[1:]])


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *rest])} |"


def as_text(report: Report) -> str:
    """Circumstances, a table for each shape of request and the skipped, in Markdown."""
    versions = dict.fromkeys(
        f"{label.partition(',')[0]} {number}" for label, number in report.versions.items()
    )
    parts = [
        f"{report.date}, {report.machine}; {report.rounds} rounds of {report.seconds} s, medians; load average at the"
        f" start {report.load_average:.2f}. {', '.join(versions)}."
    ]
    if report.busy:
        parts.append("**The machine was busy with other work: these figures are no result.**")
    for shape, rows in report.results.items():
        if rows:
            parts.append(f"{shape[0].upper()}{shape[1:]}:\n\n{table(rows)}")
    parts += [f"Skipped: {label}: {reason}" for label, reason in report.skipped.items()]
    return "\n\n".join(parts)


def as_json(report: Report) -> dict[str, Any]:
    """The report with both ratios beside each run."""
    return asdict(report) | {
        "busy": report.busy,
        "results": {
            shape: {
                label: {figure: round(value, 3) for figure, value in asdict(run).items()}
                | {"per_nginx": ratio(rows, label, NGINX), "per_caddy": ratio(rows, label, CADDY)}
                for label, run in rows.items()
            }
            for shape, rows in report.results.items()
        },
    }


def fill(page: str, block: str, *, start: str = START, end: str = END) -> str:
    """The page with the block between its markers. Raises ValueError where the markers are missing."""
    if not re.search(f"{start}.*{end}", page, re.DOTALL):
        raise ValueError(f"no {start} and {end} on the page")
    before, _, rest = page.partition(start)
    return f"{before}{start}\n{block}\n{end}{rest.partition(end)[2]}"
