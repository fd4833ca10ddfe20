"""`gateway policy shadow-report`: what candidate rules would have changed for live requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli.options import JSON
from gateway.cli.progress import watched_lines
from gateway.observe.record_reader import read_records, record_lines
from gateway.observe.shadow_report import ShadowReport

_DIFFERENT = 1
_UNREADABLE = 2


def shadow_report(
    records: Annotated[
        list[str],
        typer.Argument(help="Files with decision records, also compressed (.gz); - is standard input."),
    ],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show what candidate rules (`shadow:`) would have denied, allowed or sent elsewhere, by rule, with a few requests each.

    Examples:
        gateway policy shadow-report var/prd-records.jsonl
        zcat var/*.gz | gateway policy shadow-report - --json

    Exit codes:
        0: nothing would change
        1: something would
        2: wrong arguments, or a file cannot be read

    JSON:
        An object: `decided`, `candidates`, `differences`.
    """
    report = ShadowReport()
    try:
        for place in records:
            for record in read_records(watched_lines(record_lines(place), place)):
                report.add(record)
    except OSError as problem:
        typer.echo(f"{place}: {getattr(problem, 'strerror', None) or problem}", err=True)
        raise typer.Exit(_UNREADABLE) from problem
    if as_json:
        data = {
            "decided": report.decided,
            "candidates": report.candidates,
            "differences": [asdict(each) for each in report.differences],
        }
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        for line in _text(report):
            typer.echo(line)
    raise typer.Exit(_DIFFERENT if report.differences else 0)


def _text(report: ShadowReport) -> Iterator[str]:
    changed = sum(each.count for each in report.differences)
    yield f"{report.decided:,} requests decided, {changed:,} of them differently by the candidate rules"
    for each in report.differences:
        words = each.change.replace("_", " ").upper()
        reason = f" ({each.reason})" if each.change == "newly_denied" else ""
        rules = f"{each.rule or 'no rule'} -> {each.candidate_rule or 'no rule'}"
        yield f"{words} {rules}{reason}, by candidate {each.candidate[:12]}"
        yield f"  {each.count:,} requests of {each.people:,} people, from {each.first} to {each.last}"
        yield from (f"  such as {sample}" for sample in each.samples)
    if not report.candidates and not report.differences:
        yield "no candidate rules were compared: set `shadow:` in the environment"
