"""The reports of one environment: what can be done to them, each operation whole or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from simulator.register.database import SELECT, Database, draft_columns, report_of, time_text
from simulator.register.draft import Draft
from simulator.register.filters import Reach
from simulator.register.report import Channel, Report, Submitter

# The largest integer of SQLite.
_LAST: Final = 2**63 - 1


class NoSuchReport(Exception):
    """There is no such report within this reach."""


class TooLate(Exception):
    """The term is over, or the report was cancelled."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the report since it was read."""


class AlreadyConfirmed(Exception):
    """The upload was confirmed or thrown away meanwhile."""


class ReferencesTaken(Exception):
    """Own references that stand on other reports already: `taken` says which, by place in what was brought."""

    def __init__(self, taken: Mapping[int, Report | None]) -> None:
        super().__init__(f"{len(taken)} references are taken")
        self.taken = taken


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was brought, and whether it was new: the same one brought twice is kept once."""

    report: Report
    new: bool


class Reports:
    """Keeps reports. Who asks has been checked; `now` is the time of the register's clock, with a time zone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, reach: Reach, number: int) -> Report:
        """One report. Raises NoSuchReport, also for one that stands outside this reach."""
        with self._database.reading() as connection:
            return _get(connection, reach, number)

    def submit(
        self,
        submitter: Submitter,
        drafts: Sequence[Draft],
        channel: Channel,
        now: datetime,
        *,
        upload: str | None = None,
    ) -> list[Kept]:
        """Keep drafts without faults as submitted reports, all or none; the same order comes back.

        A draft whose own reference stands on a report that says the same is that report (idempotency). Raises
        ReferencesTaken where it says something else, or where two of the drafts say different things under one;
        AlreadyConfirmed where the `upload` that the drafts come from no longer waits.
        """
        with self._database.writing() as connection:
            if upload and not connection.execute("DELETE FROM upload WHERE token = ?", (upload,)).rowcount:
                raise AlreadyConfirmed
            taken: dict[int, Report | None] = {}
            earlier: dict[str, Draft] = {}
            for place, draft in enumerate(drafts):
                if not draft.reference:
                    continue
                standing = _by_reference(connection, submitter.organisation, draft.reference)
                same = earlier.setdefault(draft.reference, standing.draft if standing else draft)
                if same != draft or (standing is not None and standing.status == "concept"):
                    taken[place] = standing
            if taken:
                raise ReferencesTaken(taken)
            kept = []
            submitted = _registration(connection, now)
            for draft in drafts:
                standing = _by_reference(connection, submitter.organisation, draft.reference)
                if standing is not None:
                    kept.append(Kept(standing, new=False))
                    continue
                number = _insert(connection, submitter, draft, channel, now, submitted)
                submitted["sequence"] += 1
                kept.append(Kept(_get(connection, Reach(submitter.organisation), number), new=True))
            return kept

    def keep_concept(self, submitter: Submitter, draft: Draft, channel: Channel, now: datetime) -> Report:
        """Keep what was typed so far. Raises ReferencesTaken."""
        with self._database.writing() as connection:
            _refuse_taken(connection, submitter, draft, None)
            number = _insert(connection, submitter, draft, channel, now, {"status": "concept"})
            return _get(connection, Reach(submitter.organisation), number)

    def change(
        self, submitter: Submitter, number: int, version: int, draft: Draft, now: datetime, *, submit: bool
    ) -> Report:
        """A new version, the old one kept; a concept is submitted where `submit` says so.

        `version` is the one that was read. Raises NoSuchReport, TooLate, ChangedMeanwhile, ReferencesTaken.
        """
        with self._database.writing() as connection:
            found = _changeable(connection, submitter, number, now)
            if found.version != version:
                raise ChangedMeanwhile
            _refuse_taken(connection, submitter, draft, number)
            if found.status == "ingediend":
                _keep_version(connection, found, now)
            _update(connection, number, {
                **draft_columns(draft), "version": version + 1, "submitted_by": submitter.fingerprint,
                "changed_at": time_text(now),
            })  # fmt: skip
            if submit and found.status == "concept":
                _update(connection, number, _registration(connection, now))
            return _get(connection, Reach(submitter.organisation), number)

    def cancel(self, submitter: Submitter, number: int, reason: str, now: datetime) -> Report:
        """Cancel, the old version kept. Raises NoSuchReport, TooLate."""
        with self._database.writing() as connection:
            found = _changeable(connection, submitter, number, now)
            _keep_version(connection, found, now)
            _update(connection, number, {
                "status": "geannuleerd", "reason": reason, "version": found.version + 1,
                "submitted_by": submitter.fingerprint, "changed_at": time_text(now),
            })  # fmt: skip
            return _get(connection, Reach(submitter.organisation), number)

    def earlier_versions(self, report: Report) -> list[tuple[int, datetime, Draft]]:
        """(version, until when it stood, what it said) of what was corrected or cancelled, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT version, kept_at, content FROM report_version WHERE report = ? ORDER BY version DESC",
                (report.id,),
            ).fetchall()
        return [(version, datetime.fromisoformat(at), _draft(content)) for version, at, content in rows]

    def allowed_to_change(self, submitter: Submitter, number: int, now: datetime) -> Report:
        """The report, where this organisation can change it now. Raises NoSuchReport, TooLate."""
        with self._database.reading() as connection:
            return _changeable(connection, submitter, number, now)


def _draft(content: str) -> Draft:
    given = json.loads(content)
    return Draft(**{**given, "streams": tuple(given["streams"])})


def _get(connection: sqlite3.Connection, reach: Reach, number: int) -> Report:
    row = connection.execute(f"{SELECT} WHERE id = ?", (min(number, _LAST),)).fetchone()
    report = None if row is None else report_of(row)
    if report is None or not reach.holds(report.organisation, report.status):
        raise NoSuchReport
    return report


def _by_reference(connection: sqlite3.Connection, organisation: str, reference: str) -> Report | None:
    row = connection.execute(
        f"{SELECT} WHERE organisation = ? AND reference = ? AND reference <> ''", (organisation, reference)
    ).fetchone()
    return None if row is None else report_of(row)


def _refuse_taken(
    connection: sqlite3.Connection, submitter: Submitter, draft: Draft, number: int | None
) -> None:
    standing = _by_reference(connection, submitter.organisation, draft.reference)
    if standing is not None and standing.id != number:
        raise ReferencesTaken({0: standing})


def _changeable(connection: sqlite3.Connection, submitter: Submitter, number: int, now: datetime) -> Report:
    found = _get(connection, Reach(submitter.organisation), number)
    if not found.can_change(now):
        raise TooLate
    return found


def _keep_version(connection: sqlite3.Connection, report: Report, now: datetime) -> None:
    connection.execute(
        "INSERT INTO report_version (report, version, kept_at, content) VALUES (?, ?, ?, ?)",
        (report.id, report.version, time_text(now), json.dumps(asdict(report.draft))),
    )


def _insert(
    connection: sqlite3.Connection,
    submitter: Submitter,
    draft: Draft,
    channel: Channel,
    now: datetime,
    registration: Mapping[str, Any],
) -> int:
    columns: dict[str, Any] = {
        "version": 1, "channel": channel, "organisation": submitter.organisation,
        "organisation_name": submitter.organisation_name, "doelgroep": submitter.doelgroep,
        "submitted_by": submitter.fingerprint, "created_at": time_text(now), "changed_at": time_text(now),
        "reason": "", **draft_columns(draft), **registration,
    }  # fmt: skip
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    row = connection.execute(
        f"INSERT INTO report ({names}) VALUES ({marks}) RETURNING id",  # noqa: S608 - names of our own columns
        tuple(columns.values()),
    ).fetchone()
    return int(row[0])


def _update(connection: sqlite3.Connection, number: int, columns: Mapping[str, Any]) -> None:
    names = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE report SET {names} WHERE id = ?", (*columns.values(), number))  # noqa: S608 - same


def _registration(connection: sqlite3.Connection, now: datetime) -> dict[str, Any]:
    """What a report gets that is submitted now: the next number of the year."""
    (last,) = connection.execute("SELECT max(sequence) FROM report WHERE year = ?", (now.year,)).fetchone()
    return {
        "status": "ingediend",
        "year": now.year,
        "sequence": (last or 0) + 1,
        "submitted_at": time_text(now),
    }
