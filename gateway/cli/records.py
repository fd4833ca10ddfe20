"""`gateway records ...`: verify and read the decision records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gateway.cli.options import JSON
from gateway.cli.progress import watched_lines
from gateway.observe.chain import Fault, Link, verify
from gateway.observe.record_reader import lines
from gateway.observe.record_reader import records as records_on

records_commands = typer.Typer(help="Verify and read decision records.", no_args_is_help=True)
_FILES = typer.Argument(help="Files, oldest first, also compressed (.gz); - is standard input.")
_FAULTY = 1
_UNREADABLE = 2


@records_commands.callback()
def _group() -> None:
    """Verify and read decision records."""


@records_commands.command("verify")
def verify_(
    files: Annotated[list[str], _FILES],
    continued: Annotated[
        bool, typer.Option("--continued", help="Older files were deleted: a chain may start in the middle.")
    ] = False,
    ended: Annotated[
        bool,
        typer.Option("--ended", help="All processes stopped normally: a chain without an end is a fault."),
    ] = False,
    head: Annotated[
        list[str] | None,
        typer.Option(help="A last hash that you kept elsewhere: its record must still be there."),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Verify that no record was changed, removed, added or moved, or show where a chain breaks.

    Examples:
        gateway records verify var/prd-records.jsonl.1.gz var/prd-records.jsonl
        gateway records verify --continued --head 5f0c9d… var/prd-records.jsonl

    Exit codes:
        0: everything is sound
        1: something is not
        2: wrong arguments, or a file cannot be read

    JSON:
        An object: `sound`, `records`, `chains`, `faults`, `cut`.
    """
    try:
        proof = verify(
            ((file, watched_lines(lines(file), file)) for file in files), continued=continued, kept=head or ()
        )
    except (OSError, EOFError) as problem:
        _unreadable(problem)
    faults = [*proof.faults, *(_open_ends(proof.chains, files[-1]) if ended else ())]
    if as_json:
        data = {
            "sound": not faults,
            "records": proof.lines,
            "chains": [_plain(link) for link in proof.chains],
            "faults": [_plain(fault) for fault in faults],
            "cut": [_plain(fault) for fault in proof.cut],
        }
        typer.echo(json.dumps(data, indent=2))
    else:
        for fault in (*faults, *proof.cut):
            typer.echo(str(fault))
        for link in proof.chains:
            typer.echo(_words(link))
        count = f"{proof.lines:,} records in {len(proof.chains)} chain{'s' if len(proof.chains) != 1 else ''}"
        typer.echo(f"{count}: {f'NOT SOUND, {len(faults)} fault(s)' if faults else 'sound'}")
    raise typer.Exit(_FAULTY if faults else 0)


@records_commands.command()
def show(
    files: Annotated[list[str], _FILES],
    request: Annotated[str | None, typer.Option(help="One request, by its reference.")] = None,
    person: Annotated[
        str | None, typer.Option(help="One person, by pseudonym, also one under an earlier key.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="People who act for this organisation.")] = None,
    rule: Annotated[str | None, typer.Option(help="What this rule decided.")] = None,
    verdict: Annotated[str | None, typer.Option(help="allow, redirect, deny, error, own or refused.")] = None,
    kind: Annotated[str, typer.Option(help="request, or another kind of record.")] = "request",
    since: Annotated[
        str | None, typer.Option(help="From this time on, in UTC, as in the records: 2026-11-24T08:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Print the records that match all options, one per line.

    Examples:
        gateway records show --request 0f1e2d3c4b5a var/prd-records.jsonl
        gateway records show --verdict deny --rule register --since 2026-11-24T08:00 var/prd-records.jsonl

    Exit codes:
        0: printed what matched
        2: wrong arguments, or a file cannot be read

    JSON:
        One record as an object on each line.
    """
    wanted = {"request_id": request, "rule": rule, "verdict": verdict, "kind": kind}
    try:
        for file in files:
            for record in records_on(lines(file)):
                who = record.get("who", {})
                if (
                    all(value is None or record.get(name) == value for name, value in wanted.items())
                    and (organisation is None or who.get("organisation") == organisation)
                    and (person is None or person in (who.get("person"), *who.get("also", ())))
                    and (since or "") <= record.get("time", "") < (until or "9999")
                ):
                    typer.echo(json.dumps(record) if as_json or kind != "request" else _line(record))
    except (OSError, EOFError) as problem:
        _unreadable(problem)


def _line(record: dict[str, Any]) -> str:
    person = record.get("who", {}).get("person", "-")
    parts = [record.get("time"), record.get("status"), record.get("verdict"), record.get("method", "-")]
    parts += [
        record.get("path", "-"),
        record.get("rule") or "-",
        record.get("reason") or record.get("error") or "-",
    ]
    return "  ".join(map(str, [*parts, person, record.get("request_id")]))


def _words(link: Link) -> str:
    begin = "" if link.begun else f", from record {link.first} on"
    end = "ended" if link.ended else f"no end: still running, crashed, or cut off; keep {link.head}"
    return f"chain {link.chain}: {link.lines:,} records{begin}, {end}"


def _open_ends(chains: Iterable[Link], file: str) -> Iterator[Fault]:
    for link in chains:
        if not link.ended:
            yield Fault(
                file,
                0,
                "missing",
                f"chain {link.chain} has no end: records are missing, or the process crashed",
            )


def _plain(value: Fault | Link) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _unreadable(problem: Exception) -> NoReturn:
    file = getattr(problem, "filename", None)
    words = getattr(problem, "strerror", None) or str(problem)
    typer.echo(f"{Path(file)}: {words}" if file else words, err=True)
    raise typer.Exit(_UNREADABLE) from problem
