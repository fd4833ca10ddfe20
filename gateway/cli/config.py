"""`gateway config ...`: check a configuration, and show what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.card import card
from gateway.cli.lint import as_data, lint
from gateway.cli.loading import load_or_exit, problems_printed, try_configuration, try_plugins
from gateway.cli.options import ENV, FILE, JSON, PLUGINS_FILE
from gateway.cli.output import counted
from gateway.cli.promote import promote
from gateway.config import ConfigError
from gateway.config.cards import shared_with
from gateway.config.lint import findings
from gateway.config.problems import Problem
from gateway.config.reference import reference
from gateway.config.schema import json_schema, policies_of

config_commands = typer.Typer(help="Check a configuration.", no_args_is_help=True)


@config_commands.callback()
def _group() -> None:
    """Check a configuration."""


@config_commands.command()
def validate(
    file: Annotated[Path, FILE] = Path("config.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are warnings.")] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="The card of an environment of another file (`gateway config card`), or a folder with cards. May be repeated.",
            readable=False,
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check a file. Reports every problem as FILE:LINE:COLUMN, and warns about what is probably not intended.

    Starts nothing, needs no secrets, and runs no tests: `gateway policy test` does, and a gateway whose tests fail does not start.

    Examples:
        gateway config validate
        gateway config validate --strict new.yaml

    Exit codes:
        0: the file is fine
        1: it has problems, or warnings with --strict

    JSON:
        An object: `valid`, `problems` and `warnings` (each with `file`, `line`, `column`, `message`; warnings also with `code`)
        and `rule_sets` (the hash by environment).
    """
    with problems_printed(told=_tell_problems if as_json else None):
        try_configuration(file, lint=True)
        config, found = findings(file)
        if shared := list(shared_with(config.environments, against or ())):
            raise ConfigError(Problem(str(file), 1, 1, words) for words in shared)
    if as_json:
        hashes = {name: rules.hash for name, rules in config.rules.items()}
        warnings = [as_data(each) for each in found]
        _tell({"valid": True, "problems": [], "warnings": warnings, "rule_sets": hashes})
        raise typer.Exit(1 if found and strict else 0)
    for finding in found:
        place = ":".join(map(str, finding.at))
        typer.echo(f"{place}: warning: {finding.message} [{finding.code}]", err=True)
    if found and strict:
        typer.echo(f"{len(found)} warning{'s' if len(found) != 1 else ''}.", err=True)
        raise typer.Exit(1)
    sets = "; ".join(
        f"{name} has {counted(len(rules.rules), 'rule')}, rule set {rules.hash[:12]}"
        for name, rules in config.rules.items()
    )
    typer.echo(f"{file} is fine: {sets}")


def _tell_problems(problems: Sequence[Problem]) -> None:
    found = [asdict(each) for each in problems]
    _tell({"valid": False, "problems": found, "warnings": [], "rule_sets": {}})


def _tell(data: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


config_commands.command("lint")(lint)
config_commands.command("promote")(promote)
config_commands.command("card")(card)


@config_commands.command()
def show(
    file: Annotated[Path, FILE] = Path("config.yaml"),
    env: Annotated[str, ENV] = "ti",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Print the rules of an environment in the order in which they are tried, each with its place in the files.

    Examples:
        gateway config show --env prd
        gateway config show --env ti --json new.yaml

    Exit codes:
        0: printed
        1: the file does not load, or has no such environment

    JSON:
        An object: `environment`, `hash`, `rules` (in the order in which they are tried, each with `file`, `line`, `column` and what
        is written).
    """
    rules = load_or_exit(file, env).rules[env]
    if as_json:
        shown = [
            {"file": rule.at[0], "line": rule.at[1], "column": rule.at[2], **rule.to_dict()}
            for rule in rules.rules
        ]
        typer.echo(
            json.dumps({"environment": env, "hash": rules.hash, "rules": shown}, ensure_ascii=False, indent=2)
        )
        return
    typer.echo(
        f"{env}: {counted(len(rules.rules), 'rule')}, rule set {rules.hash[:12]}. The first that matches decides."
    )
    for number, rule in enumerate(rules.rules, start=1):
        methods = f" {','.join(sorted(rule.methods))}" if rule.methods is not None else ""
        hosts = f" at {', '.join(sorted(rule.hosts))}" if rule.hosts is not None else ""
        websocket = ", WebSockets too" if rule.websocket else ""
        typer.echo(
            f"{number:4d}  {rule.id}:{methods} {rule.pattern.text}{hosts}{websocket}  [{':'.join(map(str, rule.at))}]"
        )
        if rule.opens_paths:
            typer.echo(f"        opens {', '.join(sorted(rule.opens_paths))}")
        for policy in rule.require:
            typer.echo(f"        {json.dumps(policy.to_data(), ensure_ascii=False)}")
        if rule.handling.to_data():
            typer.echo(f"        {json.dumps(rule.handling.to_data(), ensure_ascii=False)}")


@config_commands.command()
def schema(
    file: Annotated[Path, PLUGINS_FILE] = Path("config.yaml"),
) -> None:
    """Print the JSON Schema of the configuration, for editors. It includes the options of all policies.

    Examples:
        gateway config schema > config.schema.json
        gateway config schema new.yaml > config.schema.json

    Exit codes:
        0: printed
        1: the file cannot be read, or a plugin that it names cannot be used
    """
    with problems_printed():
        try_plugins(file)
        typer.echo(json.dumps(json_schema(policies_of(file)), indent=2, ensure_ascii=False))


@config_commands.command("reference")
def reference_(
    file: Annotated[Path, PLUGINS_FILE] = Path("config.yaml"),
) -> None:
    """Print the reference of the configuration as a page of Markdown: every key, its form, default and meaning, also the options
    of your own policies.

    Examples:
        gateway config reference > config.md
        gateway config reference /etc/toegangspoort/config.yaml > reference.md

    Exit codes:
        0: printed
        1: the file cannot be read, or a plugin that it names cannot be used
    """
    with problems_printed():
        typer.echo(reference(json_schema(policies_of(file))), nl=False)
