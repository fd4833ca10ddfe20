"""`gateway policy ...`: what do the rules say, and why?"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError

from gateway.api import UnknownName
from gateway.cli import diff, replay, suites
from gateway.cli.loading import loaded
from gateway.config import Config
from gateway.config.problems import unknown
from gateway.config.words import words_for
from gateway.edge.path import canonical_segments, split_target
from gateway.errors import BadRequest
from gateway.model import DecisionInput, Identity
from gateway.policy.evaluate import decide
from gateway.policy.explain import as_data, as_text
from gateway.policy.person import Person

policy_commands = typer.Typer(help="Look into the rules.", no_args_is_help=True)
policy_commands.command()(suites.test)
policy_commands.command()(diff.diff)
policy_commands.command()(replay.replay)


@policy_commands.callback()
def _group() -> None:
    """Look into the rules."""


@policy_commands.command()
def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, ...")],
    path: Annotated[str, typer.Argument(help="The path as it stands in the address: /meldingen/1")],
    config: Annotated[Path, typer.Option(help="The configuration file.")] = Path("config.yaml"),
    env: Annotated[str, typer.Option(help="The environment.")] = "ti",
    as_: Annotated[
        Path | None,
        typer.Option("--as", help="JSON file that describes a person; nobody where it is left out."),
    ] = None,
    client: Annotated[
        str, typer.Option(help="The network address that the request comes from.")
    ] = "127.0.0.1",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how a request would be decided: every rule that is looked at, each policy's verdict, what is missing."""
    found = loaded(config, env)
    identity = _identity(as_, found, env)
    try:
        segments = canonical_segments(split_target(path.encode())[0])
    except BadRequest as problem:
        typer.echo(f"the gateway refuses this path before any rule (400): {problem.detail}", err=True)
        raise typer.Exit(1) from problem
    given = DecisionInput(
        method=method.upper(),
        host=urlsplit(found.environment(env).public_url).netloc,
        path="/" + "/".join(segments),
        segments=segments,
        client=client,
        now=time.time(),
        identity=identity,
    )
    decision = decide(found.rules[env], given, trace=True)
    if as_json:
        typer.echo(json.dumps(as_data(decision), indent=2, ensure_ascii=False))
    else:
        typer.echo(as_text(decision), nl=False)


def _identity(file: Path | None, config: Config, env: str) -> Identity | None:
    if file is None:
        return None
    try:
        person = Person.model_validate(json.loads(file.read_text("utf-8")))
        return person.identity(config.rights, config.environment(env).provider.issuer)
    except UnknownName as problem:
        words = unknown(problem.what, problem.name, problem.known)
    except ValidationError as problem:
        words = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {words_for(error, Person)}" for error in problem.errors()
        )
    except json.JSONDecodeError as problem:
        words = f"line {problem.lineno}, column {problem.colno}: {problem.msg}"
    except OSError as problem:
        words = str(problem.strerror)
    typer.echo(f"{file}: {words}", err=True)
    raise typer.Exit(2)
