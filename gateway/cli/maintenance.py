"""`gateway maintenance ...`: keep people out of the register for a while, end it, list what is planned and ordered."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.belgian_time import belgian_time, read_belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.confirm import TIMEOUT, WAIT
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.operator import login_account
from gateway.cli.options import CONFIG, ENV, HERE, JSON
from gateway.cli.ordered import Ordered
from gateway.config.lints.maintenance import why_nothing_closes
from gateway.config.problems import unknown
from gateway.policy.maintenance import (
    MAINTENANCE,
    Maintenance,
    OrderedMaintenance,
    Streams,
    Weekly,
    with_one_more,
)
from gateway.policy.pattern import parse_pattern

maintenance_commands = typer.Typer(
    help="Keep people out of the register for a while, with a page that says why.", no_args_is_help=True
)
_MESSAGE = re.compile(r"([a-z]{2,3})=(.+)", re.DOTALL)


@maintenance_commands.callback()
def _group() -> None:
    """Keep people out of the register for a while, with a page that says why."""


_FROM = typer.Option(
    "--from", help="When it begins, in Belgian time: 22:00, morgen 6u, 2026-12-01T22:00. Default: now."
)
_UNTIL = typer.Option(help="How long (30m, 2h) or until when, in Belgian time. Default: until you end it.")
_PATH = typer.Option(
    help="Where, like the path of a rule: /meldingen/**. Several times; default: everywhere."
)
_WORDS = typer.Option(
    help="What people read, as LANGUAGE=WORDS for each language: nl=... Default: as configured."
)
_EXCEPT = typer.Option(
    "--except", help="Who works on: a name under rights:, several times. Default: as configured."
)
_STREAMS = typer.Option(help="cut or keep open streams and WebSockets. Default: as configured.")


@maintenance_commands.command()
def start(
    env: Annotated[str, ENV],
    from_: Annotated[str | None, _FROM] = None,
    until: Annotated[str | None, _UNTIL] = None,
    path: Annotated[list[str] | None, _PATH] = None,
    message: Annotated[list[str] | None, _WORDS] = None,
    except_: Annotated[list[str] | None, _EXCEPT] = None,
    streams: Annotated[str | None, _STREAMS] = None,
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Begin a maintenance: people get a page with 503, programs JSON, both with Retry-After.

    Examples:
        gateway maintenance start --env prd --until 2h
        gateway maintenance start --env prd --path "/meldingen/**" --until 30m --wait

    Exit codes:
        0: ordered
        1: nothing could be changed
        3: ordered, but not confirmed by every running gateway (with --wait)
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered = Ordered.at(chosen, MAINTENANCE, only_here, patience=timeout if wait else None)
    now = ordered.now()
    settings = chosen.settings.maintenance
    since, ends = _span(from_, until, now)
    one = OrderedMaintenance(
        f"m-{secrets.token_hex(4)}",
        login_account().name,
        now,
        since,
        ends,
        _paths(chosen, path or ()),
        _messages(chosen, message) if message else dict(settings.message),
        _rights(chosen, except_) if except_ else settings.except_,
        settings.streams if streams is None else _streams(streams),
    )
    confirmed = ordered.change(lambda before: with_one_more(before, one, now))
    typer.echo(ordered.heading())
    _say_started(ordered, one, now)
    chosen.record([_record("started", one)])
    ordered.conclude(confirmed)


def _say_started(ordered: Ordered[OrderedMaintenance], one: OrderedMaintenance, now: float) -> None:
    chosen = ordered.chosen
    when = "until you end it" if one.until is None else f"until {belgian_time(one.until)}"
    begins = f"from {belgian_time(one.since)} " if one.since > now else ""
    typer.echo(f"MAINTENANCE in {chosen.env}: {', '.join(one.paths) or 'everything'}, {begins}{when}")
    who = ", ".join(one.exceptions)
    typer.echo(f"  Who works on: {f'people with {who}' if who else 'nobody'}.")
    typer.echo(f"  To end it: gateway maintenance end {one.id} --env {chosen.env}{ordered.option}")


@maintenance_commands.command()
def end(
    env: Annotated[str, ENV],
    maintenance: Annotated[
        str | None,
        typer.Argument(help="Which, as `gateway maintenance list` shows it. Default: all ordered ones."),
    ] = None,
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """End a maintenance that was ordered, or all of them. Planned ones end as the configuration file says.

    Examples:
        gateway maintenance end --env prd --wait

    Exit codes:
        0: ended
        1: nobody matched: there is none, or nothing could be changed
        3: ended, but not confirmed by every running gateway (with --wait)
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered = Ordered.at(chosen, MAINTENANCE, only_here, patience=timeout if wait else None)
    now = ordered.now()
    gone: list[OrderedMaintenance] = []
    who = login_account().name

    def make(before: tuple[OrderedMaintenance, ...]) -> Sequence[OrderedMaintenance]:
        gone[:] = [
            replace(each, ended=now, ended_by=who)
            for each in before
            if not each.over(now) and maintenance in (None, each.id)
        ]
        ended = {each.id: each for each in gone}
        return [ended.get(each.id, each) for each in before]

    confirmed = ordered.change(make)
    typer.echo(ordered.heading())
    going_on = [each for each in ordered.beside() if not each.over(now)]
    if not gone:
        for each in going_on:
            if maintenance in (None, each.id):
                stop(f"nobody matched: {each.id} is of this machine alone: add --only-here", NOT_DONE)
        what = maintenance or "ordered maintenance"
        if maintenance is not None and maintenance.startswith("planned-"):
            stop(f"nobody matched: {what} stands in the configuration file: change it there", NOT_DONE)
        stop(f"nobody matched: no {what} in {env}: see `gateway maintenance list --env {env}`", NOT_DONE)
    for each in gone:
        typer.echo(f"ENDED in {env}: {each.id}, {', '.join(each.paths) or 'everything'}")
    for planned in _planned(chosen):
        if planned.times.span_at(now) is not None:
            typer.echo(f"  STILL IN MAINTENANCE by {planned.id}: {planned.where}, {_when(planned, now)}")
    for each in going_on:
        typer.echo(
            f"  STILL ORDERED on this machine alone: {each.id}, {', '.join(each.paths) or 'everything'}"
        )
        typer.echo(f"    To end it: gateway maintenance end {each.id} --env {env} --only-here")
    chosen.record([_record("ended", each) for each in gone])
    ordered.conclude(confirmed)


@maintenance_commands.command("list")
def list_(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List what is planned in the configuration file, and what was ordered.

    Examples:
        gateway maintenance list --env prd
        gateway maintenance list --env prd --json

    Exit codes:
        0: this is all
        1: its settings do not load, or the store or the file of this machine cannot be read

    JSON:
        An object: `environment`, `store`, `config`, `planned`, `ordered` and `gateways` (`current`, `not_current`).
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered, trouble, now = Ordered.at(chosen, MAINTENANCE), list[str](), time.time()
    found, confirmed = ordered.read(trouble)
    planned = _planned(chosen)
    if as_json:
        data = {
            "planned": [
                {"id": each.id, "where": each.where, "now": each.times.span_at(now) is not None}
                for each in planned
            ],
            "ordered": [{**asdict(each), "over": each.over(now), "where": where} for each, where in found],
            "gateways": confirmed.to_data(),
        }
        typer.echo(json.dumps({**chosen.named(), **data}, indent=2))
    else:
        typer.echo(ordered.heading())
        for plan in planned:
            typer.echo(f"{plan.id}  {plan.where}, {_when(plan, now)}")
        for one, where in found:
            only = "  (only on this machine)" if where != "everywhere" else ""
            typer.echo(f"{one.id}  {', '.join(one.paths) or 'everything'}, {_ordered_when(one, now)}{only}")
            typer.echo(f"    by {one.by} on {belgian_time(one.ordered)}")
        if not planned and not found and not trouble:
            typer.echo(f"no maintenance is planned or ordered in {env}")
        if chosen.shared and not trouble:
            typer.echo(f"{confirmed.words()}.")
    if trouble:
        stop("THIS IS NOT ALL: " + "; ".join(trouble), NOT_DONE)


def _planned(chosen: ChosenEnvironment) -> tuple[Maintenance, ...]:
    return chosen.settings.maintenance.planned(chosen.config.rights, folds=False)


def _span(from_: str | None, until: str | None, now: float) -> tuple[float, float | None]:
    since = read_belgian_time(from_, now) if from_ is not None else now
    ends = read_belgian_time(until, since) if until is not None else None
    if ends is not None and ends <= since:
        stop("--until is not after --from")
    return since, ends


def _streams(written: str) -> Streams:
    if written not in ("cut", "keep"):
        stop(f"--streams is cut or keep, not {written!r}")
    return "cut" if written == "cut" else "keep"


def _paths(chosen: ChosenEnvironment, written: Sequence[str]) -> tuple[str, ...]:
    folds = chosen.settings.paths.case == "insensitive"
    for each in written:
        try:
            pattern = parse_pattern(each)
            if folds:
                pattern.folding()
        except ValueError as problem:
            stop(f"--path {each}: {problem}")
        fault = why_nothing_closes(chosen.config, chosen.env, pattern) if chosen.rules is not None else None
        if fault is not None:
            stop(f"--path {each}: {fault[1]}. NOTHING WAS CHANGED.")
    return tuple(written)


def _messages(chosen: ChosenEnvironment, written: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in written:
        parts = _MESSAGE.fullmatch(each)
        language = parts[1] if parts is not None else chosen.config.languages[0]
        words = (parts[2] if parts is not None else each).strip()
        if language not in chosen.config.languages:
            stop(f"--message: {unknown('language', language, chosen.config.languages)}")
        found[language] = words
    return found


def _rights(chosen: ChosenEnvironment, names: Sequence[str]) -> tuple[str, ...]:
    for each in names:
        if each not in chosen.config.rights:
            stop(f"--except: {unknown('right', each, chosen.config.rights)}. NOTHING WAS CHANGED.")
    return tuple(names)


def _when(maintenance: Maintenance, now: float) -> str:
    span = maintenance.times.span_at(now)
    if span is not None:
        until = f"until {belgian_time(span[1])}" if isfinite(span[1]) else "without end"
        return (
            f"IN MAINTENANCE since {belgian_time(span[0])}, {until}"
            if isfinite(span[0])
            else f"ALWAYS, {until}"
        )
    begins = maintenance.times.next_after(now)
    weekly = "every week, " if isinstance(maintenance.times, Weekly) else ""
    return f"{weekly}next from {belgian_time(begins)}" if begins < inf else "over"


def _ordered_when(one: OrderedMaintenance, now: float) -> str:
    if one.ended is not None:
        return f"ended by {one.ended_by} on {belgian_time(one.ended)}"
    until = f"until {belgian_time(one.until)}" if one.until is not None else "until somebody ends it"
    if one.over(now):
        return f"over since {belgian_time(one.until or 0.0)}"
    begins = one.since > now and not one.at_once
    return f"{'from' if begins else 'IN MAINTENANCE since'} {belgian_time(one.since)}, {until}"


def _record(action: str, one: OrderedMaintenance) -> dict[str, Any]:
    about = {"since": one.since, "until": one.until, "paths": one.paths, "except": one.exceptions}
    return {"kind": "maintenance", "action": action, "maintenance": one.id, **about}
