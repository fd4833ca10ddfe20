"""Loads a configuration for a command, or prints every problem and ends the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from gateway.config import Config, ConfigError, checked_config, load
from gateway.config.problems import Problem
from gateway.config.schema import has_foreign_policies
from gateway.config.settings_alone import settings_alone
from gateway.config.trial import Trial

EMERGENCY = typer.Option(
    "--emergency", help="Suppose that this emergency rule is open; several times. Default: all are closed."
)

OTHER_FILE: Final = "For a gateway that runs, name the file that it was started with, or an earlier one that loads: --config FILE"


def load_or_exit(
    path: Path,
    environment: str | None = None,
    *,
    code: int = 1,
    tested: bool = False,
    emergency: Sequence[str] | None = None,
    advice: str = "",
) -> Config:
    """The configuration. Ends the command with `code` if it doesn't load, or has no such `environment`.

    With `tested`, the tests and invariants of that environment must also hold. The rules named by `emergency` are open.
    `advice` is said where it doesn't load.
    """
    with problems_printed(code=code, advice=advice):
        if tested and environment is not None:
            try_configuration(path, environment)
        else:
            try_plugins(path)
        config = checked_config(path, environment) if tested and environment is not None else load(path)
        if environment is not None:
            config.environment(environment)
        return config.with_emergencies(emergency) if emergency else config


def load_settings_or_exit(path: Path, environment: str | None = None, *, code: int = 1) -> Config:
    """The configuration, for a command that needs its settings alone: where it doesn't load, without rules.

    What is wrong is said in any case. Ends the command with `code` where the settings of this environment (without a name, of
    any) have a fault themselves.
    """
    with problems_printed(code=code, advice=OTHER_FILE):
        try:
            try_plugins(path)
            config = load(path)
            if environment is not None:
                config.environment(environment)
        except ConfigError as faults:
            found = settings_alone(path, environment)
            if found is None:
                raise
            for problem in faults.problems:
                typer.echo(str(problem), err=True)
            whose = f"the settings of {environment}" if environment is not None else "the settings in it"
            typer.echo(f"{path} does not load. This command goes by {whose}, which have no fault.", err=True)
            return found
        return config


def try_configuration(path: Path, environment: str = "", *, lint: bool = False) -> None:
    """Try a configuration in a process of its own. Raises ConfigError with what is wrong."""
    if problems := Trial(path, environment, lint=lint).problems():
        raise ConfigError(problems)


def try_plugins(path: Path, environment: str = "") -> None:
    """Try a configuration with policies of its own, which could end the command without a word.

    With an `environment` its tests are run as well. Raises ConfigError only where that process does not finish.
    """
    if not has_foreign_policies(path):
        return
    trial = Trial(path, environment)
    problems = trial.problems()
    if trial.died:
        raise ConfigError(problems)


@contextmanager
def problems_printed(
    *, code: int = 1, told: Callable[[Sequence[Problem]], None] | None = None, advice: str = ""
) -> Iterator[None]:
    """Prints every problem of a configuration, or lets `told` print them, and ends the command with `code`."""
    try:
        yield
    except ConfigError as problems:
        if told is not None:
            told(problems.problems)
            raise typer.Exit(code) from problems
        for problem in problems.problems:
            typer.echo(str(problem), err=True)
        count = len(problems.problems)
        typer.echo(f"{count} problem{'s' if count != 1 else ''}. Nothing was started or changed.", err=True)
        if advice:
            typer.echo(advice, err=True)
        raise typer.Exit(code) from problems
