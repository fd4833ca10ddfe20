"""Decides how recorded lines come back from files: plain, packed by a log rotation, or from standard input.

It knows nothing of what is done with them.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any


def lines(place: str | Path) -> Iterator[bytes]:
    """The lines of a file, unpacked where its name ends in .gz; "-" is standard input. Raises OSError."""
    if str(place) == "-":
        yield from sys.stdin.buffer
        return
    path = Path(place)
    with closing(gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")) as file:
        yield from file


def records(raw: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The records on these lines; what is no whole record, such as a line that was cut off, is left out."""
    for line in raw:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record
