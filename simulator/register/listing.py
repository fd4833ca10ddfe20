"""Reading many reports: pages of a list, all of them in parts, and what each producer adds up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.register.database import SELECT, Database, report_of
from simulator.register.filters import Filters, Reach
from simulator.register.report import Report

_PART = 500


@dataclass(frozen=True, slots=True)
class Producer:
    """The submitted reports about one waste producer."""

    kbo: str
    name: str
    reports: int
    refused: int
    hazardous: int
    last_found_on: str


class Listing:
    """The lists of one environment, each within a reach."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, reach: Reach, filters: Filters, *, page: int, size: int) -> tuple[list[Report], int]:
        """(one page of reports, the newest first; how many there are)."""
        condition, values = filters.where(reach)
        with self._database.reading() as connection:
            (total,) = connection.execute(f"SELECT count(*) FROM report WHERE {condition}", values).fetchone()  # noqa: S608 - our own conditions
            rows = connection.execute(
                f"{SELECT} WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?",
                (*values, size, (page - 1) * size),
            ).fetchall()
        return [report_of(row) for row in rows], total

    def after(self, reach: Reach, filters: Filters, *, before: int | None, size: int) -> list[Report]:
        """Up to `size` reports, the newest first, that are older than the one with the id `before`.

        Reports that come in meanwhile shift nothing.
        """
        condition, values = filters.where(reach)
        if before is not None:
            condition, values = f"{condition} AND id < ?", [*values, before]
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE {condition} ORDER BY id DESC LIMIT ?", (*values, size)
            ).fetchall()
        return [report_of(row) for row in rows]

    def walk(self, reach: Reach, filters: Filters) -> Iterator[Report]:
        """All reports, the newest first, read in parts so that no number of them fills the memory."""
        before: int | None = None
        while part := self.after(reach, filters, before=before, size=_PART):
            yield from part
            before = part[-1].id

    def producers(self, reach: Reach, *, page: int, size: int) -> tuple[list[Producer], int]:
        """(one page of producers, those with most reports first; how many there are)."""
        condition, values = Filters(status="ingediend").where(reach)
        with self._database.reading() as connection:
            (total,) = connection.execute(
                f"SELECT count(DISTINCT producer_kbo) FROM report WHERE {condition}",  # noqa: S608 - same
                values,
            ).fetchone()
            rows = connection.execute(
                "SELECT producer_kbo, max(producer_name), count(*), sum(refused), sum(hazardous), max(found_on)"  # noqa: S608 - same
                f" FROM report WHERE {condition} GROUP BY producer_kbo"
                " ORDER BY count(*) DESC, producer_kbo LIMIT ? OFFSET ?",
                (*values, size, (page - 1) * size),
            ).fetchall()
        return [Producer(*row) for row in rows], total
