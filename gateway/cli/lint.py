"""`gateway config lint`: what is probably not intended, also as decision records show it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gateway.analysis.evidence import Evidence
from gateway.analysis.lint import Finding
from gateway.cli.loading import EMERGENCY, problems_printed, try_plugins
from gateway.cli.options import FILE, JSON
from gateway.cli.progress import watched_lines
from gateway.config.lint import found_in
from gateway.config.lints.evidence import evidence, uncovered
from gateway.config.load import read_source
from gateway.observe.record_reader import read_records, record_lines

_FOUND = 1
_UNREADABLE = 2


def lint(
    file: Annotated[Path, FILE] = Path("config.yaml"),
    with_records: Annotated[
        list[str] | None,
        typer.Option(
            "--records",
            help="A file with decision records, also compressed (.gz), of any environment; may be given several times.",
        ),
    ] = None,
    days: Annotated[
        int,
        typer.Option(
            min=1, help="How many days the records must cover before a rule that nothing hits is reported."
        ),
    ] = 30,
    emergency: Annotated[list[str] | None, EMERGENCY] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are warnings.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Warn about what is probably not intended, as `validate` does. With decision records also about rules that nothing
    hits, rights that nobody has, and contexts that the catalogue lacks.

    Examples:
        gateway config lint --strict
        gateway config lint --records var/prd-records.jsonl --records var/prd-records.jsonl.1.gz --days 30

    Exit codes:
        0: no warnings, or without --strict
        1: warnings with --strict, or the file does not load
        2: wrong arguments, or records that cannot be read

    JSON:
        A list of warnings: `file`, `line`, `column`, `code`, `message`.
    """
    with problems_printed():
        try_plugins(file)
        source = read_source(file)
        if emergency:
            source = replace(source, config=source.config.with_emergencies(emergency))
    seen = Evidence(source.config.rules)
    for place in with_records or ():
        _read(place, seen)
    found = sorted({*found_in(source, seen=seen.rights), *evidence(source, seen, days=days)})
    if as_json:
        typer.echo(json.dumps([as_data(each) for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            typer.echo(f"{':'.join(map(str, each.at))}: warning: {each.message} [{each.code}]")
        typer.echo(f"{file}: {len(found)} warning{'s' if len(found) != 1 else ''}")
    for words in uncovered(seen, days=days) if with_records else ():
        typer.echo(words, err=True)
    if with_records and not seen.environments:
        typer.echo("no record is about a request in an environment of this file", err=True)
        raise typer.Exit(_UNREADABLE)
    raise typer.Exit(_FOUND if found and strict else 0)


def _read(place: str, seen: Evidence) -> None:
    try:
        for record in read_records(watched_lines(record_lines(place), place)):
            seen.add(record)
    except OSError as problem:
        typer.echo(f"{place}: {getattr(problem, 'strerror', None) or problem}", err=True)
        raise typer.Exit(_UNREADABLE) from problem


def as_data(finding: Finding) -> dict[str, str | int]:
    """A warning as JSON data."""
    file, line, column = finding.at
    return {"file": file, "line": line, "column": column, "code": finding.code, "message": finding.message}
