"""`gateway config ...`: is a configuration right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.loading import loaded

config_commands = typer.Typer(help="Check a configuration.", no_args_is_help=True)


@config_commands.callback()
def _group() -> None:
    """Check a configuration."""


@config_commands.command()
def validate(
    file: Annotated[Path, typer.Argument(help="The configuration file.")] = Path("config.yaml"),
) -> None:
    """Check a file and tell every problem as FILE:LINE:COLUMN. Nothing is started and no secret is needed."""
    config = loaded(file)
    sets = "; ".join(
        f"{name} has {len(rules.rules)} rules, rule set {rules.hash[:12]}"
        for name, rules in config.rules.items()
    )
    typer.echo(f"{file} is fine: {sets}")
