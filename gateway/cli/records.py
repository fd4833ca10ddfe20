"""`gateway records ...`: verify and read the decision records."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.moments import BRUSSELS, Zone, moment_text, read_moment, zone_of
from gateway.cli.options import CONFIG, JSON
from gateway.cli.people import names_of, organisation_code
from gateway.cli.progress import watched_lines
from gateway.cli.proof_report import as_data, as_lines, open_ends
from gateway.cli.record_files import FILES, RecordFiles, record_files, unreadable
from gateway.observe.chain import ChainKey, Mark
from gateway.observe.proof import Fault, verify
from gateway.observe.record_reader import record_lines
from gateway.observe.record_search import Query, Search, path_of
from gateway.observe.sealed_head import HeadBroken, SealedHead
from gateway.reference import reference_of

records_commands = typer.Typer(help="Verify and read decision records.", no_args_is_help=True)
_FAULTY = 1
_VERDICTS = ("allow", "redirect", "deny", "error", "own", "refused")

_Files = Annotated[list[str] | None, FILES]
_Config = Annotated[Path, CONFIG]
_Json = Annotated[bool, JSON]
_Text = str | None

_Keys = Annotated[
    _Text,
    typer.Option(
        "--env", help="The environment whose keys prove the seals, and whose sealed head what is newest."
    ),
]
_Continued = Annotated[
    bool, typer.Option("--continued", help="Older files were deleted: a chain may start in the middle.")
]
_Ended = Annotated[
    bool, typer.Option("--ended", help="All processes stopped normally: a chain without an end is a fault.")
]
_Head = Annotated[
    list[str] | None,
    typer.Option("--head", help="A last hash that you kept elsewhere: its record must still be there."),
]
_Since = Annotated[
    _Text,
    typer.Option(help="From this moment on: 14:05, gisteren, 26/11 8u30, '2 uur geleden', 2h, ISO 8601."),
]
_Until = Annotated[_Text, typer.Option(help="Before this moment; a day is meant with its end.")]
_Subject = Annotated[
    _Text, typer.Option(help="One person, by pseudonym or its first characters, also under another key.")
]
_Sub = Annotated[
    bool, typer.Option("--sub", help="A person, by ACM's `sub`: asks for it, and does not show it.")
]
_Organisation = Annotated[
    _Text, typer.Option(help="People who act for this organisation: KBO number in any spelling, or OVO code.")
]
_Reference = Annotated[_Text, typer.Option(help="One request: the short reference of its page, or its id.")]
_Rule = Annotated[_Text, typer.Option(help="What this rule decided.")]
_Status = Annotated[_Text, typer.Option(help="What the client got: 403, or 4xx.")]
_Verdict = Annotated[_Text, typer.Option(help=f"{', '.join(_VERDICTS[:-1])} or {_VERDICTS[-1]}.")]
_Reason = Annotated[_Text, typer.Option(help="Why, as the records name it: path-escape.")]
_Client = Annotated[_Text, typer.Option(help="The network address of the client.")]
_Path = Annotated[_Text, typer.Option(help="How the path begins.")]
_Kind = Annotated[str, typer.Option(help="request, or another kind of record.")]
_Env = Annotated[_Text, typer.Option(help="The environment. Default: all of them.")]


@records_commands.callback()
def _group() -> None:
    """Verify and read decision records."""


@records_commands.command("verify")
def verify_(
    files: _Files = None,
    env: _Keys = None,
    config: _Config = Path("config.yaml"),
    continued: _Continued = False,
    ended: _Ended = False,
    head: _Head = None,
    as_json: _Json = False,
) -> None:
    """Verify that no record was changed, removed, added or moved, or show where a chain breaks.

    With --env also that nobody rewrote a chain, removed a whole one, or cut off the newest records.

    Examples:
        gateway records verify --env prd
        gateway records verify --continued --head 5f0c9d… var/prd-records.jsonl

    Exit codes:
        0: everything is sound
        1: something is not
        2: wrong arguments, or a file cannot be read

    JSON:
        An object: `sound`, `proven`, `records`, `chains`, `faults`, `cut`.
    """
    sources = record_files(files or (), config, env)
    if len(sources.environments) > 1:
        stop(f"say which environment with --env: {', '.join(each.env for each in sources.environments)}")
    chosen = sources.environments[0] if sources.environments else None
    keys = _keys(chosen) if chosen is not None else None
    # The head says nothing about files that were rotated away.
    path = chosen.settings.observe.records.path if chosen is not None else None
    live = path is not None and path.absolute() in {Path(file).absolute() for file in sources.files}
    try:
        proof = verify(
            ((file, watched_lines(record_lines(file), file)) for file in sources.files),
            continued=continued,
            kept=head or (),
            keys=keys,
            head=_head(path, keys) if live and path is not None and keys is not None else None,
        )
    except OSError as problem:
        unreadable(problem)
    faults = [*proof.faults, *(open_ends(proof.chains, sources.files[-1]) if ended else ())]
    if not proof.lines:
        faults.append(Fault(sources.files[-1], 0, "missing", "there are no records"))
    if as_json:
        typer.echo(json.dumps(as_data(proof, faults), indent=2))
    else:
        typer.echo("\n".join(as_lines(proof, faults)))
    raise typer.Exit(_FAULTY if faults else 0)


@records_commands.command()
def show(
    files: _Files = None,
    since: _Since = None,
    until: _Until = None,
    subject: _Subject = None,
    sub: _Sub = False,
    organisation: _Organisation = None,
    reference: _Reference = None,
    rule: _Rule = None,
    status: _Status = None,
    verdict: _Verdict = None,
    reason: _Reason = None,
    client: _Client = None,
    path: _Path = None,
    kind: _Kind = "request",
    env: _Env = None,
    config: _Config = Path("config.yaml"),
    zone: Zone = BRUSSELS,
    as_json: _Json = False,
) -> None:
    """Print the records that match all options, one per line, with times in one zone.

    Examples:
        gateway records show --env prd --since 14:00 --until 14:10 --status 403
        gateway records show --env prd --since yesterday --subject 7f3c9d --rule register

    Exit codes:
        0: records were found
        1: none matches
        2: wrong arguments, or a file cannot be read

    JSON:
        One record as an object on each line.
    """
    sources = record_files(files or (), config, env)
    now, where = time.time(), zone_of(zone)
    query = Query(
        **_span(since, until, zone, now),
        persons=_persons(sources, subject, sub=sub),
        organisation=organisation_code(organisation) if organisation is not None else None,
        reference=reference,
        status=_status(status),
        path=path,
        exact=_exact(
            rule=rule, verdict=_verdict(verdict), reason=reason, client=client, kind=kind, environment=env
        ),
    )
    typer.echo(f"{sources.heading}{_words_of_span(query, zone)}; times in {where.key}", err=True)
    search, found = Search(query), 0
    try:
        for record in search.run(sources.files):
            found += 1
            plain = as_json or kind != "request"
            typer.echo(json.dumps(record, ensure_ascii=False) if plain else _line(record, zone))
    except OSError as problem:
        unreadable(problem)
    if not found:
        stop(f"no record matches; {search.seen:,} in {len(search.files)} file(s) were read", NOT_DONE)


def _span(since: str | None, until: str | None, zone: str, now: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, text in (("since", since), ("until", until)):
        if text is None:
            continue
        try:
            found[name] = read_moment(text, zone_of(zone), now, ends=name == "until")
        except (ValueError, OverflowError) as problem:
            raise typer.BadParameter(str(problem), param_hint=f"--{name}") from problem
    begins = found.get("since", float("-inf"))
    if begins > now:
        words = f"{moment_text(begins, zone_of(zone))} is still to come"
        raise typer.BadParameter(
            f"{words}: write the day before the time: gisteren 14:05", param_hint="--since"
        )
    if begins >= found.get("until", float("inf")):
        raise typer.BadParameter("it ends before it begins (--since)", param_hint="--until")
    return found


def _words_of_span(query: Query, zone: str) -> str:
    words = ""
    if query.since > float("-inf"):
        words += f" from {moment_text(query.since, zone_of(zone))}"
    if query.until < float("inf"):
        words += f" until {moment_text(query.until, zone_of(zone))}"
    return words


def _persons(sources: RecordFiles, subject: str | None, *, sub: bool) -> tuple[str, ...]:
    if subject is not None and sub:
        stop("give --subject or --sub, not both")
    if subject is not None:
        if len(subject.strip()) < 4:
            stop("--subject takes a pseudonym, or its first 4 or more characters")
        return (subject.strip(),)
    if not sub:
        return ()
    if not sources.environments:
        stop("--sub needs the keys for pseudonyms: say --env")
    typed = typer.prompt("sub", hide_input=True, err=True).strip()
    return tuple(
        dict.fromkeys(name for chosen in sources.environments for name in names_of(chosen, typed).values())
    )


def _status(written: str | None) -> str | None:
    if written is not None and not (
        len(written) == 3 and written[0] in "12345" and (written[1:].isdigit() or written[1:] == "xx")
    ):
        raise typer.BadParameter("write a status as 403, or 4xx", param_hint="--status")
    return written


def _verdict(written: str | None) -> str | None:
    if written is not None and written not in _VERDICTS:
        raise typer.BadParameter(f"{written!r} is none of {', '.join(_VERDICTS)}", param_hint="--verdict")
    return written


def _exact(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _line(record: dict[str, Any], zone: str) -> str:
    request_id, who = record.get("request_id") or "", record.get("who", {})
    at = moment_text(float(record["now"]), zone_of(zone), milliseconds=True)
    asked = record.get("asked", {})
    parts = [
        at,
        record.get("environment", "-"),
        record.get("status"),
        record.get("verdict"),
        record.get("method") or asked.get("method") or "-",
        f"{record.get('host') or asked.get('host') or ''}{path_of(record)}" or "-",
        record.get("rule") or "-",
        record.get("reason") or record.get("error") or "-",
        who.get("person", "-"),
        who.get("organisation", "-"),
        reference_of(request_id),
        request_id,
    ]
    return "  ".join(map(str, parts))


def _keys(chosen: ChosenEnvironment) -> list[ChainKey]:
    try:
        return [ChainKey.of(key, chosen.env) for key in chosen.settings.ring("records").read()]
    except ValueError as problem:
        stop(str(problem))


def _head(path: Path, keys: Sequence[ChainKey]) -> tuple[str, Sequence[Mark] | str]:
    """The file of the head, and its marks or why they prove nothing. Raises OSError."""
    head = SealedHead(path, keys)
    try:
        return str(head.path), head.read()
    except HeadBroken as problem:
        return str(head.path), str(problem)
