"""Reports of non-conformities: their fields, what makes one acceptable (in Dutch), and where they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from simulator.numbers import establishment_is_valid, kbo_is_valid

# VLAREMA 4.3.2: what must be collected apart.
STREAMS = (
    "klein gevaarlijk afval", "glas", "papier en karton", "gebruikte dierlijke en plantaardige oliën en vetten",
    "groenafval", "textiel", "afgedankte elektrische en elektronische apparatuur", "afvalbanden", "puin", "afgewerkte olie",
    "gevaarlijke afvalstoffen", "asbestcement", "apparatuur met ozonafbrekende stoffen", "afvallandbouwfolies",
    "batterijen en accu's", "pmd", "houtafval", "metaalafval", "matrassen", "recycleerbare harde kunststoffen",
    "piepschuim", "folies", "keukenafval en etensresten", "levensmiddelenafval",
)  # fmt: skip

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (
    id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, submitted_by TEXT NOT NULL, submitted_at TEXT NOT NULL,
    found_on TEXT NOT NULL, producer_name TEXT NOT NULL, producer_kbo TEXT NOT NULL, place TEXT NOT NULL,
    streams TEXT NOT NULL, description TEXT NOT NULL, hazardous INTEGER NOT NULL, refused INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS report_organisation ON report (organisation, id);
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed."""

    found_on: str = ""
    producer_name: str = ""
    producer_kbo: str = ""
    place: str = ""
    streams: tuple[str, ...] = ()
    description: str = ""
    hazardous: bool = False
    refused: bool = False

    def faults(self, today: date) -> dict[str, str]:
        """What must be mended, by field."""
        found: dict[str, str] = {}
        try:
            if date.fromisoformat(self.found_on) > today:
                found["found_on"] = "De datum ligt in de toekomst."
        except ValueError:
            found["found_on"] = "Vul de datum van de vaststelling in."
        if not self.producer_name:
            found["producer_name"] = "Vul de naam van de afvalproducent in."
        if not kbo_is_valid(self.producer_kbo):
            found["producer_kbo"] = "Vul een geldig ondernemingsnummer van 10 cijfers in, zonder punten."
        if self.place.isdigit() and not establishment_is_valid(self.place):
            found["place"] = "Dit vestigingsnummer is niet geldig."
        elif not self.place:
            found["place"] = "Vul het vestigingsnummer of het adres van de inzameling in."
        if not self.streams or set(self.streams) - set(STREAMS):
            found["streams"] = "Kies minstens één afvalstroom."
        if not self.description:
            found["description"] = "Beschrijf wat u hebt vastgesteld."
        if self.hazardous and not self.refused:
            found["refused"] = "Gevaarlijk afval moet u weigeren."
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was accepted."""

    id: int
    organisation: str
    submitted_by: str
    submitted_at: str
    draft: Draft

    @property
    def number(self) -> str:
        """The number that people use: NC-2026-000123."""
        return f"NC-{self.submitted_at[:4]}-{self.id:06d}"


class Reports:
    """The reports of one environment, in an SQLite file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    def add(self, organisation: str, submitted_by: str, draft: Draft, now: datetime) -> Report:
        """Keep a draft without faults as a report."""
        values = (
            organisation, submitted_by, now.isoformat(timespec="seconds"), draft.found_on, draft.producer_name,
            draft.producer_kbo, draft.place, "\n".join(draft.streams), draft.description, draft.hazardous, draft.refused,
        )  # fmt: skip
        with closing(self._connect()) as connection:
            row = connection.execute(
                "INSERT INTO report (organisation, submitted_by, submitted_at, found_on, producer_name, producer_kbo,"
                " place, streams, description, hazardous, refused) VALUES (?,?,?,?,?,?,?,?,?,?,?) RETURNING id",
                values,
            ).fetchone()
        return Report(row[0], organisation, submitted_by, values[2], draft)

    def of(self, organisation: str | None, *, page: int = 1, size: int = 20) -> tuple[list[Report], int]:
        """(one page of reports, newest first; how many there are), of one organisation or of all."""
        with closing(self._connect()) as connection:
            total = connection.execute(
                "SELECT count(*) FROM report WHERE ?1 IS NULL OR organisation = ?1", (organisation,)
            ).fetchone()[0]
            rows = connection.execute(
                "SELECT id, organisation, submitted_by, submitted_at, found_on, producer_name, producer_kbo, place,"
                " streams, description, hazardous, refused FROM report WHERE ?1 IS NULL OR organisation = ?1"
                " ORDER BY id DESC LIMIT ?2 OFFSET ?3",
                (organisation, size, (page - 1) * size),
            ).fetchall()
        return [_report(row) for row in rows], total


def _report(row: tuple[object, ...]) -> Report:
    number, organisation, by, at, *rest = row
    found_on, name, kbo, place, streams, description, hazardous, refused = rest
    draft = Draft(
        str(found_on), str(name), str(kbo), str(place), tuple(str(streams).split("\n")), str(description),
        bool(hazardous), bool(refused),
    )  # fmt: skip
    return Report(int(str(number)), str(organisation), str(by), str(at), draft)


def draft_from(form: Mapping[str, str], streams: list[str]) -> Draft:
    """What a form says, blanks trimmed and numbers without dots."""
    text = {
        name: form.get(name, "").strip() for name in ("found_on", "producer_name", "place", "description")
    }
    kbo = form.get("producer_kbo", "").replace(".", "").replace(" ", "")
    return Draft(
        **text,
        producer_kbo=kbo,
        streams=tuple(streams),
        hazardous="hazardous" in form,
        refused="refused" in form,
    )
