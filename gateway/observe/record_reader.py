"""Reads decision records back: from plain files, from files that a log rotation compressed, from standard input."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any


def lines(place: str | Path) -> Iterator[bytes]:
    """The lines of a file, decompressed where its name ends in .gz; "-" is standard input. Raises OSError."""
    if str(place) == "-":
        yield from sys.stdin.buffer
        return
    path = Path(place)
    with closing(gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")) as file:
        yield from file


def records(raw: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The records on these lines; a line that is not a whole record, because it was cut off, is left out."""
    return (record for record in map(record_on, raw) if record is not None)


def record_on(line: bytes) -> dict[str, Any] | None:
    """The record on a line; None for a line that was cut off, or that is something else."""
    try:
        record = json.loads(line)
    # A line of 100,000 brackets is no record either.
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
