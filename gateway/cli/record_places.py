"""Which files of decision records a command reads: those that are named, or those of the environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from gateway.cli.loading import loaded
from gateway.cli.place import Place, stop
from gateway.files.reason import reason
from gateway.observe.record_search import rotated

FILES = typer.Argument(
    help="Files, oldest first, also compressed (.gz); - is standard input. Default: those of the configuration.",
    show_default=False,
)
UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class RecordPlaces:
    """Files, and the environments that they are of as far as the configuration was read. `named`: by whoever runs the command."""

    files: tuple[str, ...]
    places: tuple[Place, ...]
    named: bool = False

    @property
    def heading(self) -> str:
        """What is read, in a few words."""
        if self.named:
            return ": ".join((*(each.env for each in self.places), f"{len(self.files)} file(s)"))
        return "; ".join(f"{each.env}: {each.settings.observe.records.path}" for each in self.places)


def record_places(files: Sequence[str], config: Path, env: str | None) -> RecordPlaces:
    """What to read. Ends the command where there is nothing."""
    if files and env is None:
        return RecordPlaces(tuple(files), (), named=True)
    found = loaded(config, env, code=UNREADABLE)
    places = [Place(found, name) for name in ([env] if env is not None else found.environments)]
    if files:
        return RecordPlaces(tuple(files), tuple(places), named=True)
    places = [each for each in places if files_of(each)]
    if not places:
        named = env if env is not None else " or ".join(found.environments)
        stop(
            f"there is no file of decision records of {named} here (observe.records in {config}): name the files",
            UNREADABLE,
        )
    return RecordPlaces(tuple(str(file) for each in places for file in files_of(each)), tuple(places))


def files_of(place: Place) -> list[Path]:
    """The files of records of an environment on this machine, oldest first. Ends the command where it may not look."""
    path = place.settings.observe.records.path
    try:
        return rotated(path) if path is not None else []
    except PermissionError as problem:
        unreadable(problem)


def unreadable(problem: Exception) -> NoReturn:
    """End the command for a file that cannot be read."""
    file = getattr(problem, "filename", None)
    words = reason(problem) if isinstance(problem, OSError) else str(problem)
    stop(f"{Path(file)}: {words}" if file else words, UNREADABLE)
