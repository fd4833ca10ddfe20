"""The file in which Gebruikersbeheer keeps one environment: made and filled when it is opened first, read as `People`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Final

from simulator.data.people import People
from simulator.data.reading import day, people_in
from simulator.data.rows import fill
from simulator.data.schema import SCHEMA, VERSION
from simulator.data.seed import Citizen
from simulator.dates import PLACE

_BEGIN_ANEW: Final = "begin anew with `python -m simulator reset`"


class UnusableFile(Exception):
    """The file cannot be used: it belongs to another environment (T&I and PRD never share one), or it is not of now."""


def file_of(folder: Path, environment: str) -> Path:
    """Where the directory of an environment is."""
    return folder / f"gebruikersbeheer-{environment}.db"


class Directory:
    """Everybody in one environment. Constructing does nothing; `open` comes first."""

    def __init__(self, path: Path, environment: str, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.environment = environment
        self.clock = clock

    def open(self) -> None:
        """Make and fill the file where it is not there. Raises UnusableFile, and ValueError for a faulty seed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
            with self.changing() as connection:
                self._prepare(connection)
        except sqlite3.DatabaseError as problem:
            raise UnusableFile(f"{self.path} cannot be read ({problem}): {_BEGIN_ANEW}") from problem

    def today(self) -> date:
        """The day in Belgium, by the clock."""
        return datetime.fromtimestamp(self.clock(), PLACE).date()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: all of the block or nothing."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN")
            yield connection

    def people(self) -> People:
        """Everybody as they are now."""
        with self.reading() as connection:
            return people_in(connection, self.today())

    def citizen(self, number: str) -> Citizen | None:
        """Whom the national register has under this number."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT number, family_name, given_name, birth_date, sex FROM citizen WHERE number = ?",
                (number,),
            ).fetchone()
        return Citizen(row[0], row[1], row[2], day(row[3]), row[4]) if row else None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            fill(connection, self.environment, self.today())
        elif version != VERSION:
            raise UnusableFile(f"{self.path} is of another version of the simulator: {_BEGIN_ANEW}")
        (found,) = connection.execute("SELECT environment FROM about").fetchone()
        if found != self.environment:
            raise UnusableFile(f"{self.path} belongs to {found}, not to {self.environment}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection
