"""Loads a configuration for a command, or tells every problem and ends the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from gateway.config import Config, ConfigError, checked, load


def loaded(path: Path, environment: str | None = None, *, code: int = 1, kept: bool = False) -> Config:
    """The configuration; where `environment` is given, it is one of the file's. Ends the command with `code` otherwise.

    With `kept`, the rules of that environment must also keep their tests and invariants.
    """
    with told(code=code):
        config = checked(path, environment) if kept and environment is not None else load(path)
        if environment is not None:
            config.environment(environment)
    return config


@contextmanager
def told(*, code: int = 1) -> Iterator[None]:
    """Tells every problem of a configuration and ends the command with `code`."""
    try:
        yield
    except ConfigError as problems:
        for problem in problems.problems:
            typer.echo(str(problem), err=True)
        count = len(problems.problems)
        typer.echo(f"{count} problem{'s' if count != 1 else ''}. Nothing was started or changed.", err=True)
        raise typer.Exit(code) from problems
