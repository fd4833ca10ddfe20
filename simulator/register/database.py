"""The SQLite file of one environment's register: connections, transactions, and rows as reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from simulator.register.draft import Draft
from simulator.register.report import Channel, Report, Status
from simulator.register.schema import migrate

_OWN: Final = tuple(field.name for field in fields(Report) if field.name != "draft")
_DRAFT: Final = tuple(field.name for field in fields(Draft))
COLUMNS: Final = (*_OWN, *_DRAFT)
SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM report"  # noqa: S608 - names of our own fields


class Database:
    """Opens one connection for each use. The tables are made or brought up to date in `prepare`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self) -> None:
        """Make the file and its tables. Raises SchemaTooNew."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all that happens in the block is kept, or nothing where it raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def time_text(moment: datetime) -> str:
    """A time as the tables keep it: UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def draft_columns(draft: Draft) -> dict[str, Any]:
    """The columns of a draft."""
    return {**asdict(draft), "streams": f" {' '.join(draft.streams)} "}


def report_of(row: tuple[Any, ...]) -> Report:
    """A row of SELECT as a report."""
    named = dict(zip(COLUMNS, row, strict=True))
    typed = {name: named.pop(name) for name in _DRAFT}
    draft = Draft(**{
        **typed,
        "streams": tuple(typed["streams"].split()),
        **{flag: bool(typed[flag]) for flag in ("hazardous", "refused", "resorted")},
    })  # fmt: skip
    times = {
        name: None if named[name] is None else datetime.fromisoformat(named[name])
        for name in ("created_at", "changed_at", "submitted_at")
    }
    status, channel = cast("Status", named.pop("status")), cast("Channel", named.pop("channel"))
    return Report(**{**named, **times}, status=status, channel=channel, draft=draft)
