"""Finds decision records: in which files they are, and which of them match."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.observe.record_reader import record_lines, sound_record_on
from gateway.reference import reference_of

_SHORT: Final = re.compile(r"([0-9A-Fa-f]{4})-?([0-9A-Fa-f]{4})")
_NOT_RECORDS: Final = (".head", ".lock", ".new", ".rules")


def rotated_files(path: Path) -> list[Path]:
    """This file of records and those that a rotation made of it, oldest first. Raises PermissionError."""
    if not path.parent.exists():
        return []
    found = [
        each
        for each in path.parent.iterdir()
        if each.name.startswith(path.name) and each.is_file() and not each.name.endswith(_NOT_RECORDS)
    ]
    return sorted(found, key=lambda each: (each == path, each.stat().st_mtime))


def short_reference(written: str) -> str | None:
    """A short reference as people write it, 4c2538b9 or 4C25-38B9, as pages show it; None for anything else."""
    found = _SHORT.fullmatch(written.strip())
    return f"{found[1]}-{found[2]}".upper() if found is not None else None


@dataclass(frozen=True, slots=True)
class Query:
    """What records must match, all of it. `since` and `until` are in seconds since the epoch, `until` excluded.

    `persons`: pseudonyms, or how they begin. `status` is a number, or as 4xx. `path` is how it begins. `exact` are
    fields with their values.
    """

    since: float = float("-inf")
    until: float = float("inf")
    persons: tuple[str, ...] = ()
    organisation: str | None = None
    reference: str | None = None
    status: str | None = None
    path: str | None = None
    exact: Mapping[str, str] = field(default_factory=dict)

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether this record is meant."""
        who = record.get("who", {})
        own = (who.get("person"), *who.get("also", ()), *_person_of_event(record))
        return (
            self.since <= float(record.get("now", 0.0)) < self.until
            and all(record.get(name) == value for name, value in self.exact.items())
            and (
                not self.persons
                or any(each.startswith(self.persons) for each in own if isinstance(each, str))
            )
            and (
                self.organisation is None
                or self.organisation in (who.get("organisation"), record.get("organisation"))
            )
            and (self.status is None or _is_status(record.get("status"), self.status))
            and (self.path is None or path_of(record).startswith(self.path))
            and (self.reference is None or has_reference(record, self.reference))
        )

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Octets that are on the line of every record that matches: most lines need not be read as JSON."""
        found = [*self.exact.values(), *(self.persons if len(self.persons) == 1 else ())]
        found += [self.organisation] if self.organisation is not None else []
        return tuple(json.dumps(each)[1:-1].encode("ascii") for each in found)


@dataclass(slots=True)
class Search:
    """The records of files that match a query; afterwards, what was looked at."""

    query: Query
    seen: int = 0
    first: float | None = None
    last: float | None = None
    files: list[str] = field(default_factory=list)

    def run(self, places: Iterable[str | Path]) -> Iterator[dict[str, Any]]:
        """The records, file by file. Raises OSError for a file that cannot be read."""
        needles = self.query.needles
        for place in places:
            path = Path(place)
            if str(place) != "-" and path.stat().st_mtime < self.query.since:
                continue
            self.files.append(str(place))
            for line in record_lines(place):
                self.seen += 1
                if not all(each in line for each in needles):
                    continue
                record = _record(line)
                if record is None:
                    continue
                now = float(record["now"])
                self.first = now if self.first is None else min(self.first, now)
                self.last = now if self.last is None else max(self.last, now)
                if self.query.matches(record):
                    yield record


def has_reference(record: Mapping[str, Any], reference: str) -> bool:
    """Whether a reference, short or long, is that of this record."""
    request_id = record.get("request_id")
    if not isinstance(request_id, str):
        return False
    short = short_reference(reference)
    return request_id == reference.strip() or (short is not None and reference_of(request_id) == short)


def path_of(record: Mapping[str, Any]) -> str:
    """The path that was asked for, of a request without a canonical one as it came; "" where nothing is known."""
    # In the record of an opening, `asked` is a moment.
    asked = record.get("asked")
    return str(record.get("path") or (asked.get("target", "") if isinstance(asked, Mapping) else ""))


def _person_of_event(record: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(record.get("person"), str):
        yield record["person"]
    yield from (each for each in record.get("persons", ()) if isinstance(each, str))


def _is_status(status: Any, wanted: str) -> bool:
    return str(status) == wanted or (wanted[1:] == "xx" and str(status)[:1] == wanted[0])


def _record(line: bytes) -> dict[str, Any] | None:
    """The record on a line; None for a line that was cut off."""
    record = sound_record_on(line)
    now = record.get("now") if record is not None else None
    return record if now is not None else None
