"""Reads decision records back: from plain files, from files that a log rotation compressed, from standard input."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from errno import EIO
from pathlib import Path
from typing import Any, Final

# The year 10000 begins a day later: no clock of ours shows that.
_LAST_MOMENT: Final = 253_402_214_400


def record_lines(place: str | Path) -> Iterator[bytes]:
    """The lines of a file, decompressed where its name ends in .gz; "-" is standard input.

    Raises OSError with the name of the file, also where the compressed data are damaged or cut off.
    """
    if str(place) == "-":
        yield from sys.stdin.buffer
        return
    path = Path(place)
    with closing(gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")) as file:
        try:
            yield from file
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise OSError(EIO, f"not whole as a compressed file: {problem}", str(path)) from problem


def read_records(raw: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The records on these lines; a line that is not a whole record, because it was cut off, is left out."""
    return (record for record in map(sound_record_on, raw) if record is not None)


def sound_record_on(line: bytes) -> dict[str, Any] | None:
    """The record on a line; None also for one with fields that no gateway writes: another program did, or a fault did."""
    record = record_on(line)
    if record is None or not 0 <= _moment(record) < _LAST_MOMENT:
        return None
    return record if _is_sound(record, _REQUEST if record.get("kind") == "request" else _ANY) else None


def record_on(line: bytes) -> dict[str, Any] | None:
    """The record on a line; None for a line that was cut off, or that is something else."""
    try:
        record = json.loads(line)
    # 100,000 nested brackets end in a RecursionError: such a line is not a record either.
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _moment(record: Mapping[str, Any]) -> float:
    now = record.get("now", 0.0)
    return now if isinstance(now, int | float) else -1.0


def _is_sound(values: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether each of these fields that is there is of its type, or has such fields itself; a text may be null."""
    for name, kind in fields.items():
        value = values.get(name)
        if name not in values or (value is None and kind is str):
            continue
        if isinstance(kind, Mapping):
            if not isinstance(value, dict) or not _is_sound(value, kind):
                return False
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return False
    return True


def _texts(*names: str) -> dict[str, type]:
    return dict.fromkeys(names, str)


_WHO: Final = _texts("person", "issuer", "kind", "organisation", "doelgroep", "acr") | {
    "rights": list,
    "also": list,
    "claims": dict,
    "authenticated_at": (int, float),
}
# What commands read of any record, and of that of a request.
_ANY: Final[Mapping[str, Any]] = {"now": (int, float), "who": _WHO, "persons": list}
_REQUEST: Final[Mapping[str, Any]] = {
    **_ANY,
    **_texts("environment", "verdict", "rules", "rule", "reason", "request_id", "time"),
    **_texts("method", "host", "path", "client", "location", "upstream", "person", "organisation"),
    "facts": dict,
    "doubt": {"readings": list, "needs": list},
    "shadow": _texts("rules", "verdict", "rule", "reason"),
    "asked": _texts("method", "host", "target"),
    "answer": {},
}
