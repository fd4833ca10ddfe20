"""Sessions in one SQLite file that the worker processes of one machine share (write-ahead log)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from gateway.errors import StoreUnavailable
from gateway.session.store import Kept

T = TypeVar("T")
_SCHEMA = 1
_COLUMNS = "key, sealed, created_at, seen_at, expires_at, subject, organisation"
_CREATE = """
CREATE TABLE IF NOT EXISTS session (
    key BLOB PRIMARY KEY, sealed BLOB NOT NULL, created_at REAL NOT NULL, seen_at REAL NOT NULL,
    expires_at REAL NOT NULL, subject BLOB NOT NULL, organisation BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_subject ON session (subject);
CREATE INDEX IF NOT EXISTS session_organisation ON session (organisation);
CREATE INDEX IF NOT EXISTS session_expires ON session (expires_at);
"""


class SqliteStore:
    """A store in one file. Its few threads each have a connection of their own; the event loop never waits on disk."""

    def __init__(self, path: Path, *, threads: int = 2, busy_seconds: float = 2.0) -> None:
        self._path = path
        self._threads = threads
        self._busy_seconds = busy_seconds
        self._pool: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def start(self) -> None:
        """Open or make the file. Raises StoreUnavailable, also for a file of a newer version of the gateway."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="session-store")
        await self._run(self._prepare)

    async def aclose(self) -> None:
        """Close all connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._pool is None:
            raise StoreUnavailable("the session store is not open")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            return work(connection)
        except (sqlite3.Error, OSError) as problem:
            # A connection that failed is not trusted again: the next call opens a new one.
            self._local.connection = None
            raise StoreUnavailable(f"session store {self._path}: {problem}") from problem

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        self._connections.append(connection)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > _SCHEMA:
            raise sqlite3.DatabaseError(f"made by a newer gateway (schema {found}, this one knows {_SCHEMA})")
        connection.executescript(_CREATE)
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")

    async def get(self, key: bytes) -> Kept | None:
        """See Store."""
        query = f"SELECT {_COLUMNS} FROM session WHERE key = ?"  # noqa: S608 - a constant
        row = await self._run(lambda connection: connection.execute(query, (key,)).fetchone())
        return Kept(*row) if row is not None else None

    async def put(self, kept: Kept) -> None:
        """See Store."""
        values = (
            kept.key,
            kept.sealed,
            kept.created_at,
            kept.seen_at,
            kept.expires_at,
            kept.subject,
            kept.organisation,
        )
        await self._write(f"INSERT OR REPLACE INTO session ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    async def touch(self, key: bytes, seen_at: float) -> None:
        """See Store."""
        await self._write(
            "UPDATE session SET seen_at = ? WHERE key = ? AND seen_at < ?", (seen_at, key, seen_at)
        )

    async def delete(self, key: bytes) -> bool:
        """See Store."""
        return await self._write("DELETE FROM session WHERE key = ?", (key,)) > 0

    async def find(self, *, subject: bytes | None = None, organisation: bytes | None = None) -> list[Kept]:
        """See Store."""
        query = (
            f"SELECT {_COLUMNS} FROM session WHERE (?1 IS NULL OR subject = ?1)"  # noqa: S608
            " AND (?2 IS NULL OR organisation = ?2) ORDER BY created_at"
        )
        rows = await self._run(
            lambda connection: connection.execute(query, (subject, organisation)).fetchall()
        )
        return [Kept(*row) for row in rows]

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """See Store."""
        return await self._write(
            "DELETE FROM session WHERE expires_at < ? OR seen_at < ?", (expired_before, idle_before)
        )

    async def _write(self, statement: str, values: tuple[Any, ...]) -> int:
        return await self._run(lambda connection: connection.execute(statement, values).rowcount)
