"""The tables of the register, and the steps from each version of them to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from simulator.register.codes import STREAMS


class SchemaTooNew(Exception):
    """The database was made by a later version of the register."""


_FIRST: Final = """
CREATE TABLE IF NOT EXISTS report (
    id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, submitted_by TEXT NOT NULL, submitted_at TEXT NOT NULL,
    found_on TEXT NOT NULL, producer_name TEXT NOT NULL, producer_kbo TEXT NOT NULL, place TEXT NOT NULL,
    streams TEXT NOT NULL, description TEXT NOT NULL, hazardous INTEGER NOT NULL, refused INTEGER NOT NULL
);
"""

# `streams` holds codes with a blank before and after each, so that " glas " finds one.
_WHOLE: Final = """
DROP INDEX IF EXISTS report_organisation;
ALTER TABLE report RENAME TO report_1;
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    year INTEGER, sequence INTEGER, status TEXT NOT NULL, version INTEGER NOT NULL, channel TEXT NOT NULL,
    organisation TEXT NOT NULL, organisation_name TEXT NOT NULL, doelgroep TEXT NOT NULL, submitted_by TEXT NOT NULL,
    created_at TEXT NOT NULL, changed_at TEXT NOT NULL, submitted_at TEXT, reason TEXT NOT NULL,
    found_on TEXT NOT NULL, moment TEXT NOT NULL, producer_name TEXT NOT NULL, producer_kbo TEXT NOT NULL,
    place TEXT NOT NULL, container TEXT NOT NULL, volume TEXT NOT NULL, streams TEXT NOT NULL,
    description TEXT NOT NULL, hazardous INTEGER NOT NULL, refused INTEGER NOT NULL, resorted INTEGER NOT NULL,
    told_on TEXT NOT NULL, told_by TEXT NOT NULL, reference TEXT NOT NULL
);
CREATE UNIQUE INDEX report_number ON report (year, sequence);
CREATE UNIQUE INDEX report_reference ON report (organisation, reference) WHERE reference <> '';
CREATE INDEX report_organisation ON report (organisation, id);
CREATE INDEX report_organisation_producer ON report (organisation, producer_kbo, id);
CREATE INDEX report_producer ON report (producer_kbo, id);
CREATE INDEX report_found_on ON report (found_on);
CREATE TABLE report_version (
    report INTEGER NOT NULL, version INTEGER NOT NULL, kept_at TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (report, version)
) WITHOUT ROWID;
CREATE TABLE photo (
    id INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES report (id), name TEXT NOT NULL, type TEXT NOT NULL,
    size INTEGER NOT NULL, sha256 TEXT NOT NULL, added_at TEXT NOT NULL, UNIQUE (report, sha256)
);
CREATE TABLE upload (
    token TEXT PRIMARY KEY, organisation TEXT NOT NULL, submitted_by TEXT NOT NULL, made_at TEXT NOT NULL,
    content TEXT NOT NULL
);
INSERT INTO report SELECT
    id, CAST(substr(submitted_at, 1, 4) AS INTEGER), id, 'ingediend', 1, 'web',
    organisation, organisation, '', submitted_by, submitted_at, submitted_at, submitted_at, '',
    found_on, '', producer_name, producer_kbo, place, '', '', stream_codes(streams),
    description, hazardous, refused, 0, '', '', '' FROM report_1;
DROP TABLE report_1;
"""

_STEPS: Final = (_FIRST, _WHOLE)


def stream_codes(labels: str) -> str:
    """The stream codes of the labels that version 1 kept, one a line."""
    by_label = {label: code for code, label in STREAMS.items()} | {
        "piepschuim": "eps",
        "apparatuur met ozonafbrekende stoffen": "ozonafbrekend",
    }
    return f" {' '.join(by_label[label] for label in labels.splitlines() if label in by_label)} "


def migrate(connection: sqlite3.Connection, steps: tuple[str, ...] = _STEPS) -> None:
    """Bring the tables to the newest version, all or nothing. Raises SchemaTooNew."""
    make: Callable[[str], str] = stream_codes
    connection.create_function("stream_codes", 1, make, deterministic=True)
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(steps):
            raise SchemaTooNew(
                f"the tables of the register are of version {version}, this register knows {len(steps)}: "
                "run the version that made them, or remove the database (python -m simulator reset)"
            )
        for step in steps[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
