"""Which files of decision records a command reads: those that are named, or those of the environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import stop
from gateway.cli.loading import load_settings_or_exit
from gateway.files.reason import reason
from gateway.observe.record_search import rotated_files

FILES = typer.Argument(
    help="Files, oldest first, also compressed (.gz); - is standard input. Default: those of the configuration.",
    show_default=False,
)
UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """Files, and the environments that they are of as far as the configuration was read. `named`: by whoever runs the command."""

    files: tuple[str, ...]
    environments: tuple[ChosenEnvironment, ...]
    named: bool = False

    @property
    def heading(self) -> str:
        """What is read, in a few words."""
        if self.named:
            return ": ".join((*(each.env for each in self.environments), f"{len(self.files)} file(s)"))
        return "; ".join(f"{each.env}: {each.settings.observe.records.path}" for each in self.environments)


def record_files(files: Sequence[str], config: Path, env: str | None) -> RecordFiles:
    """What to read. Ends the command where there is nothing."""
    if files and env is None:
        return RecordFiles(tuple(files), (), named=True)
    found = load_settings_or_exit(config, env, code=UNREADABLE)
    environments = [
        ChosenEnvironment(found, name) for name in ([env] if env is not None else found.environments)
    ]
    if files:
        return RecordFiles(tuple(files), tuple(environments), named=True)
    environments = [each for each in environments if files_of(each)]
    if not environments:
        named = env if env is not None else " or ".join(found.environments)
        stop(
            f"there is no file of decision records of {named} here (observe.records in {config}): name the files",
            UNREADABLE,
        )
    return RecordFiles(
        tuple(str(file) for each in environments for file in files_of(each)), tuple(environments)
    )


def files_of(chosen: ChosenEnvironment) -> list[Path]:
    """The files of records of an environment on this machine, oldest first. Ends the command where it may not look."""
    path = chosen.settings.observe.records.path
    try:
        return rotated_files(path) if path is not None else []
    except PermissionError as problem:
        unreadable(problem)


def unreadable(problem: Exception) -> NoReturn:
    """End the command for a file that cannot be read."""
    file = getattr(problem, "filename", None)
    words = reason(problem) if isinstance(problem, OSError) else str(problem)
    stop(f"{Path(file)}: {words}" if file else words, UNREADABLE)
