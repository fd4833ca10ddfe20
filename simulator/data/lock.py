"""Says whether a folder of databases is in use, so that nobody empties it under a running simulation."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK: Final = "simulator.lock"


class InUse(Exception):
    """A simulation runs on this folder."""


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Others may use the folder too; nobody may empty it. The system lets go when the process ends, however it ends."""
    with _held(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else uses the folder in this block. Raises InUse."""
    with _held(folder, fcntl.LOCK_EX):
        yield


@contextmanager
def _held(folder: Path, kind: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise InUse(f"a simulation runs on {folder}") from problem
        yield
