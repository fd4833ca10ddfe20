"""The tables: brought up to date from the first version, refused from a later one, and fast with many rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.register.database import Database, draft_columns
from simulator.register.draft import Draft
from simulator.register.filters import Filters, Reach
from simulator.register.listing import Listing
from simulator.register.reports import Reports
from simulator.register.schema import SchemaTooNew
from tests.simulator.register.conftest import INGE, MAASLAND, OLIVIA, PEETERS, Office, office_in

_FIRST = """
CREATE TABLE report (
    id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, submitted_by TEXT NOT NULL, submitted_at TEXT NOT NULL,
    found_on TEXT NOT NULL, producer_name TEXT NOT NULL, producer_kbo TEXT NOT NULL, place TEXT NOT NULL,
    streams TEXT NOT NULL, description TEXT NOT NULL, hazardous INTEGER NOT NULL, refused INTEGER NOT NULL
);
CREATE INDEX report_organisation ON report (organisation, id);
INSERT INTO report VALUES (7, '0456789034', 'sub', '2026-11-01T10:00:00+00:00', '2026-10-30', 'Bakkerij', '0400000185',
    'Kerkstraat 1', 'papier en karton' || char(10) || 'piepschuim', 'Karton', 0, 1);
"""
MANY = 50_000


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_first_tables_are_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_FIRST)
    for _ in range(2):
        database = Database(path)
        database.prepare()
        report = Reports(database).get(Reach(PEETERS), 7)
        assert (report.number, report.status, report.version) == ("NC-2026-000007", "ingediend", 1)
        assert report.submitted_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
        assert report.draft.streams == ("papier-karton", "eps")
        assert report.draft.refused
        assert version_of(path) == 2


def test_later_tables_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    with pytest.raises(SchemaTooNew, match="simulator reset"):
        Database(path).prepare()
    assert version_of(path) == 3


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A register with 50,000 reports, of two organisations, about 500 producers."""
    with office_in(tmp_path_factory.mktemp("full")) as office:
        fill(office)
        yield office


def fill(office: Office) -> None:
    rows = []
    for number in range(MANY):
        columns = draft_columns(
            Draft(
                found_on=f"2026-{number % 10 + 1:02d}-{number % 28 + 1:02d}", producer_name=f"Producent {number % 500}",
                producer_kbo=f"{number % 500:010d}", place="Kerkstraat 1", streams=("glas",) if number % 50 else ("pmd",),
                description="Glas", refused=number % 7 == 0,
            )
        )  # fmt: skip
        own = (2026, number + 1, "ingediend", 1, "api", MAASLAND if number % 5 == 0 else PEETERS, "Naam", "EA", "x",
               "2026-11-01T10:00:00+00:00", "2026-11-01T10:00:00+00:00", "2026-11-01T10:00:00+00:00", "")  # fmt: skip
        rows.append((*own, *columns.values()))
    names = "year, sequence, status, version, channel, organisation, organisation_name, doelgroep, submitted_by, created_at, changed_at, submitted_at, reason"
    with closing(sqlite3.connect(office.folder / "register-ti.db")) as connection, connection:
        connection.executemany(
            f"INSERT INTO report ({names}, {', '.join(columns)}) VALUES ({', '.join('?' * len(rows[0]))})",
            rows,
        )
    return office


def test_lists_of_fifty_thousand_are_paged_in_good_time(full: Office) -> None:
    inge, olivia = full.visit(INGE), full.visit(OLIVIA)
    inge.get("/")
    for client in (inge, olivia):
        for path in (
            "/", "/?pagina=1500", "/?producent=0000000123", "/?producent=Producent+499", "/?afvalstroom=pmd&geweigerd=ja",
            "/?van=01/02/2026&tot=28/02/2026", "/producenten", "/api/v1/meldingen?per_pagina=200",
            "/api/v1/meldingen?na=20000&afvalstroom=pmd",
        ):  # fmt: skip
            begun = time.monotonic()
            assert client.get(path).status_code == 200, path
            assert time.monotonic() - begun < 1.5, path
    assert "50000 meldingen" in olivia.get("/").text
    assert "40000 meldingen" in inge.get("/").text


def test_an_export_of_fifty_thousand_is_streamed(full: Office) -> None:
    lines, first = 0, 0.0
    begun = time.monotonic()
    with full.visit(OLIVIA).stream("GET", "/meldingen/export.csv") as answer:
        assert "content-length" not in answer.headers
        for part in answer.iter_bytes():
            first = first or time.monotonic() - begun
            lines += part.count(b"\r\n")
    assert lines == MANY + 1
    assert first < (time.monotonic() - begun) / 2


def test_pages_and_walks_use_an_index(full: Office) -> None:
    with closing(sqlite3.connect(full.folder / "register-ti.db")) as connection:
        for filters in (Filters(), Filters(producent="0000000123"), Filters(afvalstroom="pmd")):
            condition, values = filters.where(Reach(PEETERS))
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM report WHERE {condition} AND id < 9 ORDER BY id DESC LIMIT 9",
                values,
            ).fetchall()
            assert "USING INDEX report_organisation" in str(plan), plan
            assert "TEMP B-TREE" not in str(plan), plan
    database = Database(full.folder / "register-ti.db")
    assert sum(1 for _ in Listing(database).walk(Reach(MAASLAND), Filters(geweigerd="ja"))) == 1_429
