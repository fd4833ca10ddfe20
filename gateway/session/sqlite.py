"""Sessions in one SQLite file that the worker processes of one machine share (write-ahead log)."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, TypeVar

from gateway.errors import StoreUnavailable
from gateway.files.reason import reason
from gateway.session.sqlite_file import SqliteFile
from gateway.session.store import StoredSession

T = TypeVar("T")
_SCHEMA = 3
_PAGE = 1000
_PIECE = 5000
OLDER = "made by an older version of the gateway"
_COLUMNS = "key, sealed, created_at, seen_at, expires_at, subject, organisation, sid"
_PUT = f"INSERT OR REPLACE INTO session ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_PUT_ENTRY = "INSERT OR REPLACE INTO entry (topic, name, value, until) VALUES (?, ?, ?, ?)"
_SWEEP = (
    "DELETE FROM session WHERE key IN (SELECT key FROM session WHERE expires_at < ? OR seen_at < ? LIMIT ?)"
)
# One-time values are in the table `note`: a database outlives the version of the gateway that made it.
_TABLES = (
    """CREATE TABLE IF NOT EXISTS session (
        key BLOB PRIMARY KEY, sealed BLOB NOT NULL, created_at REAL NOT NULL, seen_at REAL NOT NULL,
        expires_at REAL NOT NULL, subject BLOB NOT NULL, organisation BLOB NOT NULL, sid BLOB NOT NULL DEFAULT x''
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS note (name BLOB PRIMARY KEY, value BLOB NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS entry (
        topic TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, until REAL NOT NULL, PRIMARY KEY (topic, name)
    ) WITHOUT ROWID""",
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS session_subject ON session (subject)",
    "CREATE INDEX IF NOT EXISTS session_organisation ON session (organisation)",
    "CREATE INDEX IF NOT EXISTS session_sid ON session (sid)",
    "CREATE INDEX IF NOT EXISTS session_expires ON session (expires_at)",
    "CREATE INDEX IF NOT EXISTS session_seen ON session (seen_at)",
)


class SqliteStore:
    """A store in one file. Its few threads each have a connection of their own; the event loop never waits on disk.

    One of its `threads` writes and the others read: while somebody else holds the lock for writing, sessions are read all the same.
    Without `make` the file is only used where a gateway of this version has made it.
    """

    def __init__(self, path: Path, *, threads: int = 3, busy_seconds: float = 2.0, make: bool = True) -> None:
        self._path = path
        self._threads = threads
        self._file = SqliteFile(
            path, busy_seconds=busy_seconds, prepare=_prepare if make else _check, make=make
        )
        self._reading: ThreadPoolExecutor | None = None
        self._writing: ThreadPoolExecutor | None = None
        # Also for calls that wait for a thread: those before them may all be waiting for a lock or a disk.
        self._longest = 2 * busy_seconds + 1.0

    async def start(self) -> None:
        """Open or make the file. Raises StoreUnavailable, also for a file of another version of the gateway."""
        if self._reading is None:
            self._reading = ThreadPoolExecutor(max(1, self._threads - 1), thread_name_prefix="session-store")
            self._writing = ThreadPoolExecutor(1, thread_name_prefix="session-store-writes")
        await self._read(lambda connection: None)

    async def aclose(self) -> None:
        """Close all connections."""
        pools = self._reading, self._writing
        self._reading = self._writing = None
        for pool in pools:
            if pool is not None:
                await asyncio.to_thread(pool.shutdown)
        self._file.close()

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._reading, work)

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._writing, work)

    async def _run(self, pool: ThreadPoolExecutor | None, work: Callable[[sqlite3.Connection], T]) -> T:
        if pool is None:
            raise StoreUnavailable("the session store is not open")
        try:
            async with asyncio.timeout(self._longest):
                return await asyncio.get_running_loop().run_in_executor(pool, self._do, work)
        except TimeoutError as problem:
            raise StoreUnavailable(f"session store {self._path}: no answer in time") from problem

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._file.connection() as connection:
                return work(connection)
        except (sqlite3.Error, OSError) as problem:
            words = reason(problem) if isinstance(problem, OSError) else problem
            raise StoreUnavailable(f"session store {self._path}: {words}") from problem

    async def get(self, key: bytes) -> StoredSession | None:
        """See Store."""
        query = f"SELECT {_COLUMNS} FROM session WHERE key = ?"  # noqa: S608 - a constant
        row = await self._read(lambda connection: connection.execute(query, (key,)).fetchone())
        return StoredSession(*row) if row is not None else None

    async def put(self, stored: StoredSession) -> None:
        """See Store."""
        await self._write(_PUT, astuple(stored))

    async def swap(self, key: bytes, stored: StoredSession) -> bool:
        """See Store."""

        def work(connection: sqlite3.Connection) -> bool:
            with _transaction(connection):
                if connection.execute("DELETE FROM session WHERE key = ?", (key,)).rowcount == 0:
                    return False
                connection.execute(_PUT, astuple(stored))
                return True

        return await self._change(work)

    async def touch(self, key: bytes, seen_at: float) -> None:
        """See Store."""
        await self._write(
            "UPDATE session SET seen_at = ? WHERE key = ? AND seen_at < ?", (seen_at, key, seen_at)
        )

    async def delete(self, key: bytes) -> bool:
        """See Store."""
        return await self._write("DELETE FROM session WHERE key = ?", (key,)) > 0

    async def ended(self, keys: Sequence[bytes]) -> None:
        """See Store."""

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """See Store."""
        wanted = {"subject": subject, "organisation": organisation, "sid": sid}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = "".join(f"{column} = ? AND " for column in given)
        query = f"SELECT {_COLUMNS} FROM session WHERE {where}key > ? ORDER BY key LIMIT {_PAGE}"  # noqa: S608 - constants
        found: list[StoredSession] = []

        def page(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return connection.execute(query, (*given.values(), found[-1].key if found else b"")).fetchall()

        # All of 100,000 sessions at once would take longer than one answer may.
        while True:
            rows = await self._read(page)
            found += [StoredSession(*row) for row in rows]
            if len(rows) < _PAGE:
                return sorted(found, key=lambda stored: stored.created_at)

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """See Store. Piece by piece: one transaction for all would keep everybody from logging in for as long as it lasts."""
        after: bytes | None = b""
        while after is not None:
            after = await self._pause_after(_sweep_notes(after, expired_before))
        await self._write("DELETE FROM entry WHERE until < ?", (expired_before,))
        moments = (expired_before, idle_before, _PAGE)
        ended = 0
        while True:
            piece = await self._pause_after(lambda connection: connection.execute(_SWEEP, moments).rowcount)
            ended += piece
            if piece < _PAGE:
                return ended

    async def _pause_after(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write, and then leave others as much time: SQLite lets those wait in no order."""
        begun = time.monotonic()
        found = await self._change(work)
        await asyncio.sleep(time.monotonic() - begun)
        return found

    async def put_value(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """See Store."""
        statement = (
            "INSERT INTO note (name, value, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET value = excluded.value, until = excluded.until WHERE note.until <= ?"
        )
        return await self._write(statement, (name, value, until, now)) > 0

    async def get_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        query = "SELECT value FROM note WHERE name = ? AND until > ?"
        return _value(await self._read(lambda connection: connection.execute(query, (name, now)).fetchall()))

    async def get_values(self, names: Sequence[bytes], *, now: float) -> list[bytes | None]:
        """See Store."""
        query = "SELECT value FROM note WHERE name = ? AND until > ?"

        def work(connection: sqlite3.Connection) -> list[bytes | None]:
            rows = [connection.execute(query, (name, now)).fetchall() for name in names]
            return [row[0][0] if row else None for row in rows]

        return await self._read(work)

    async def take_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        statement = "DELETE FROM note WHERE name = ? AND until > ? RETURNING value"
        return _value(
            await self._change(lambda connection: connection.execute(statement, (name, now)).fetchall())
        )

    async def entries(self, topic: str, *, now: float) -> dict[str, bytes]:
        """See Store."""
        query = "SELECT name, value FROM entry WHERE topic = ? AND until > ?"
        return dict(await self._read(lambda connection: connection.execute(query, (topic, now)).fetchall()))

    async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
        """See Store."""
        await self._write(_PUT_ENTRY, (topic, name, value, until))

    async def swap_entry(self, topic: str, name: str, earlier: bytes | None, later: bytes) -> bool:
        """See Store."""

        def work(connection: sqlite3.Connection) -> bool:
            query = "SELECT value FROM entry WHERE topic = ? AND name = ?"
            with _transaction(connection):
                row = connection.execute(query, (topic, name)).fetchone()
                if (row[0] if row is not None else None) != earlier:
                    return False
                connection.execute(_PUT_ENTRY, (topic, name, later, math.inf))
                return True

        return await self._change(work)

    async def time(self) -> float | None:
        """See Store."""
        return None

    async def replica(self) -> bool:
        """See Store."""
        return False

    async def drop_entry(self, topic: str, name: str) -> bool:
        """See Store."""
        return await self._write("DELETE FROM entry WHERE topic = ? AND name = ?", (topic, name)) > 0

    async def _write(self, statement: str, values: tuple[Any, ...]) -> int:
        return await self._change(lambda connection: connection.execute(statement, values).rowcount)


def _value(rows: Sequence[tuple[bytes]]) -> bytes | None:
    return rows[0][0] if rows else None


def _sweep_notes(after: bytes, expired_before: float) -> Callable[[sqlite3.Connection], bytes | None]:
    """Deletes those that expired among the thousands behind this name; the last of these, None where there are no more."""

    def work(connection: sqlite3.Connection) -> bytes | None:
        query = f"SELECT name FROM note WHERE name > ? ORDER BY name LIMIT 1 OFFSET {_PIECE - 1}"  # noqa: S608 - a constant
        found: tuple[bytes] | None = connection.execute(query, (after,)).fetchone()
        until = "" if found is None else "AND name <= ?"
        statement = f"DELETE FROM note WHERE name > ? AND until < ? {until}"  # noqa: S608 - constants
        connection.execute(statement, (after, expired_before, *(found or ())))
        return found[0] if found is not None else None

    return work


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and no other writer in between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring them up to date. Raises sqlite3.Error, also for a file of a newer gateway."""
    found = _version(connection)
    if found == _SCHEMA and _whole(connection):
        return
    # One at a time: the workers of a gateway start together.
    with _transaction(connection):
        for statement in _TABLES:
            connection.execute(statement)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(session)")}
        if "sid" not in columns:
            connection.execute("ALTER TABLE session ADD COLUMN sid BLOB NOT NULL DEFAULT x''")
        for statement in _INDEXES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")


def _version(connection: sqlite3.Connection) -> int:
    """The schema of the file, 0 where it is new. Raises sqlite3.Error for one of a newer gateway."""
    # All rows are fetched, because a statement that is not at its end holds a lock.
    found = int(connection.execute("PRAGMA user_version").fetchall()[0][0])
    if found > _SCHEMA:
        raise sqlite3.DatabaseError(f"made by a newer gateway (schema {found}, this one knows {_SCHEMA})")
    return found


def _whole(connection: sqlite3.Connection) -> bool:
    """Whether all tables are there."""
    tables = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('session', 'note', 'entry')"
    )
    return connection.execute(tables).fetchall() == [(len(_TABLES),)]


def _check(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.Error unless a gateway of this version has made the tables; changes nothing."""
    found = _version(connection)
    if found == 0 or (found == _SCHEMA and not _whole(connection)):
        raise sqlite3.DatabaseError("no gateway has made this database")
    if found < _SCHEMA:
        raise sqlite3.DatabaseError(f"{OLDER}; the gateway brings it up to date when it starts")
