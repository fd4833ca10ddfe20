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
    environments = ", ".join(config.environments)
    typer.echo(
        f"{file} is fine: {len(config.rules.rules)} rules for {environments}, rule set {config.rules.hash[:12]}"
    )
