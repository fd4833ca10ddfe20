"""Who did what, when and why, for each organisation. It only grows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that an administrator did. `at` has a time zone; `person` is whom it was about, `actor` who did it."""

    at: datetime
    actor: str
    action: str
    person: str
    person_id: int
    details: str
    reason: str


def note(
    connection: sqlite3.Connection, moment: float, organisation: str, actor: str, action: str, person: int,
    details: str, reason: str,
) -> None:  # fmt: skip
    """Write down what was done, in the transaction that does it. `moment` in seconds since 1970."""
    at = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    connection.execute(
        "INSERT INTO history (at, organisation, actor, action, person, details, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, organisation, actor, action, person, details, reason),
    )


def history(
    connection: sqlite3.Connection,
    organisation: str,
    *,
    page: int = 1,
    size: int = 25,
    person: int | None = None,
) -> tuple[list[Entry], int]:
    """(one page of what was done for an organisation, newest first; how much there is), about one person or all."""
    about = (organisation, person)
    (total,) = connection.execute(
        "SELECT count(*) FROM history WHERE organisation = ?1 AND (?2 IS NULL OR person = ?2)", about
    ).fetchone()
    rows = connection.execute(
        "SELECT at, actor, action, given_name || ' ' || family_name, history.person, details, reason FROM history"
        " JOIN person ON person.id = history.person JOIN citizen USING (number)"
        " WHERE organisation = ?1 AND (?2 IS NULL OR person = ?2) ORDER BY history.id DESC LIMIT ?3 OFFSET ?4",
        (*about, size, (page - 1) * size),
    ).fetchall()
    return [Entry(datetime.fromisoformat(row[0]), *row[1:]) for row in rows], total
