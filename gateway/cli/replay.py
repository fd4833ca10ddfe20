"""`gateway policy replay`: how other rules would have decided the recorded requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.analysis.replay import Difference, Replay
from gateway.cli.completion import environments
from gateway.cli.loading import load_or_exit
from gateway.cli.options import JSON
from gateway.cli.progress import watched_lines
from gateway.observe.decision_record import LACKING, decision_input, not_replayable
from gateway.observe.record_reader import record_lines, sound_record_on

_DIFFERENT = 1
_REFUSED = 2
_NOT_LOADED = 3


def replay(
    records: Annotated[
        list[str],
        typer.Argument(help="Files with decision records, also compressed (.gz); - is standard input."),
    ],
    config: Annotated[Path, typer.Option(help="The file with the new rules.", readable=False)] = Path(
        "config.yaml"
    ),
    env: Annotated[
        str, typer.Option(help="The environment of the records.", autocompletion=environments)
    ] = "ti",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Decide recorded requests again with these rules, and show the differences by rule.

    Examples:
        gateway policy replay --config new.yaml --env prd var/prd-records.jsonl
        gateway policy replay --env prd var/prd-records.jsonl.2.gz var/prd-records.jsonl.1.gz --json

    Exit codes:
        0: no differences
        1: differences
        2: wrong arguments, or records of another environment or that cannot be read
        3: the file does not load, or has no such environment

    JSON:
        An object: `rules` (the hash of the rule set), `decided`, `differences`, `left_out`, `not_certain`.
    """
    rules = load_or_exit(config, env, code=_NOT_LOADED).rules[env]
    again = Replay(rules, decision_input)
    left_out: Counter[str] = Counter()
    for place in records:
        _read(place, env, again, left_out)
    if as_json:
        typer.echo(json.dumps(_data(again, left_out, rules.hash), indent=2, ensure_ascii=False))
    else:
        for line in _text(again, left_out, rules.hash):
            typer.echo(line)
    raise typer.Exit(_DIFFERENT if again.differences else 0)


def _read(place: str, env: str, again: Replay, left_out: Counter[str]) -> None:
    try:
        for number, line in enumerate(watched_lines(record_lines(place), place), 1):
            record = sound_record_on(line)
            if record is None:
                left_out["broken lines"] += 1
                continue
            if record.get("environment") != env:
                words = f"this record belongs to environment {record.get('environment')!r}, not {env!r}"
                typer.echo(f"{place}:{number}: {words}. Nothing was compared.", err=True)
                raise typer.Exit(_REFUSED)
            why = not_replayable(record)
            if why is not None:
                left_out[why] += 1
                continue
            try:
                again.add(record)
            except ValueError:
                left_out[LACKING] += 1
    except OSError as problem:
        typer.echo(f"{place}: {getattr(problem, 'strerror', None) or problem}", err=True)
        raise typer.Exit(_REFUSED) from problem


def _text(again: Replay, left_out: Counter[str], rules: str) -> Iterator[str]:
    differences = again.differences
    changed = sum(each.count for each in differences if each.change != "rule")
    yield f"{again.decided:,} requests decided again by rule set {rules[:12]}: {changed:,} with another outcome"
    for each in differences:
        yield f"{_change(each)}: {each.count:,} requests, from {each.first} to {each.last}"
        yield f"  such as {', '.join(each.samples)}"
    for words, count in sorted(left_out.items()):
        yield f"skipped: {count:,} {words}"
    for words, count in sorted(again.doubtful.items()):
        yield f"not certain: {count:,} requests, for {words}"


def _change(each: Difference) -> str:
    then = each.then_rule if each.then_rule is not None else "no rule"
    now = each.now_rule if each.now_rule is not None else "no rule"
    words = {
        "gains": "NEWLY ALLOWED",
        "loses": "NEWLY DENIED",
        "moves": "ELSEWHERE",
        "rule": "same outcome",
    }[each.change]
    reason = f" ({each.reason})" if each.change == "loses" else ""
    if each.change == "moves":
        reason = f" ({each.then_goes or 'denied'} before, {each.now_goes or 'denied'} now)"
    return f"{words} {then} -> {now}{reason}"


def _data(again: Replay, left_out: Counter[str], rules: str) -> dict[str, Any]:
    return {
        "rules": rules,
        "decided": again.decided,
        "differences": [{"change": each.change, **asdict(each)} for each in again.differences],
        "left_out": dict(left_out),
        "not_certain": again.doubtful,
    }
