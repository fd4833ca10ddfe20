"""`gateway policy diff`: who gains or loses access, and what goes elsewhere, between two rule files or environments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.analysis.change import Change
from gateway.analysis.diff import Side, Watch, compare
from gateway.analysis.diff_report import as_data, as_text
from gateway.analysis.opened import opening_changes
from gateway.cli.completion import environments
from gateway.cli.loading import EMERGENCY, load_or_exit
from gateway.cli.options import JSON
from gateway.cli.progress import watched
from gateway.config import Config
from gateway.config.recognition import recognition_changes, suite_changes
from gateway.edge.authority import host_names

_DIFFERENT = 1
_REFUSED = 2
_NOT_LOADED = 3
_OLD = typer.Argument(help="The old rule file.", readable=False)
_NEW = typer.Argument(help="The new rule file; not with --against.", readable=False)


def diff(
    old: Annotated[Path, _OLD],
    new: Annotated[Path | None, _NEW] = None,
    env: Annotated[
        str | None, typer.Option(help="One environment. Default: all.", autocompletion=environments)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Compare --env with this environment of the same file.", autocompletion=environments
        ),
    ] = None,
    emergency: Annotated[list[str] | None, EMERGENCY] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show who gains or loses access to what, by groups of people, paths and methods.

    Examples:
        gateway policy diff config.yaml new.yaml
        gateway policy diff config.yaml new.yaml --env prd --json
        gateway policy diff config.yaml --env ti --against prd

    Exit codes:
        0: no differences
        1: differences, or a policy that cannot be compared
        2: wrong arguments
        3: a file does not load, or has no such environment

    JSON:
        An object: `environments` (by name, each with `same`, `changes`, `openings`) and `only_in_one`.
    """
    if (new is None) == (against is None) or (against is not None and env is None):
        typer.echo("name two files, or one file with --env and --against", err=True)
        raise typer.Exit(_REFUSED)
    before = load_or_exit(old, env, code=_NOT_LOADED, emergency=emergency)
    found: dict[str, tuple[Change, ...]] = {}
    openings: dict[str, list[str]] = {}
    alone: list[str] = []
    if new is None:
        assert env is not None
        assert against is not None
        after = load_or_exit(old, against, code=_NOT_LOADED, emergency=emergency)
        title = f"{env} against {against}"
        found[title] = compare(_side(before, env), _side(after, against), _watched(title))
        openings[title] = _openings(before, env, after, against)
    else:
        after = load_or_exit(new, env, code=_NOT_LOADED, emergency=emergency)
        names = [env] if env is not None else list({**before.environments, **after.environments})
        for name in names:
            if name in before.environments and name in after.environments:
                found[name] = compare(_side(before, name), _side(after, name), _watched(name))
                openings[name] = _openings(before, name, after, name)
            else:
                alone.append(f"environment {name} is only in {old if name in before.environments else new}")
    if as_json:
        typer.echo(json.dumps(_data(found, openings, alone), indent=2, ensure_ascii=False))
    else:
        for name, changes in found.items():
            typer.echo(f"{name}: {_summary(changes, openings[name])}")
            for line in (*as_text(changes), *openings[name]):
                typer.echo(line)
        for words in alone:
            typer.echo(words)
    raise typer.Exit(_DIFFERENT if alone or any((*found.values(), *openings.values())) else 0)


def _watched(environment: str) -> Watch:
    return lambda items, what: watched(items, f"{environment}: {what}")


def _side(config: Config, environment: str) -> Side:
    return Side(config.rules[environment], host_names(config.environments[environment].public_url)[0])


def _openings(before: Config, old: str, after: Config, new: str) -> list[str]:
    here, there = (config.environments[name].paths.names for config, name in ((before, old), (after, new)))
    return [
        *opening_changes(before.rules[old], after.rules[new], here, there),
        *recognition_changes(before, old, after, new),
        *(suite_changes(before, after, old) if old == new else ()),
    ]


def _summary(changes: tuple[Change, ...], others: list[str]) -> str:
    if not changes and others:
        return "the rules themselves give nobody more or less, but:"
    if not changes:
        return "nobody gains or loses anything"
    gains, loses = (sum(bool(getattr(each, side)) for each in changes) for side in ("gains", "loses"))
    inexact = sum(each.inexact is not None for each in changes)
    words = f"access is lost in {loses} place{'s' if loses != 1 else ''} and gained in {gains}"
    moves = sum(bool(each.moves) for each in changes)
    words += f"; {moves} go elsewhere" if moves else ""
    return f"{words}; {inexact} could not be compared exactly" if inexact else words


def _data(
    found: dict[str, tuple[Change, ...]], openings: dict[str, list[str]], alone: list[str]
) -> dict[str, Any]:
    return {
        "environments": {
            name: {
                "same": not changes and not openings[name],
                "changes": as_data(changes),
                "openings": openings[name],
            }
            for name, changes in found.items()
        },
        "only_in_one": alone,
    }
