"""Connections to one SQLite file: one for each thread, closed after trouble, opened again where the file is another one."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from gateway.files.reason import may_be_there

log = structlog.get_logger()

_BUSY_PAUSE = 0.005
_BUSY = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
_AGAIN_AFTER = 10.0
_BROKEN = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT))
# SQLite speaks of damage also where a disk fails for a moment: who opens the file this much later must meet it as well.
_CERTAIN_AFTER = 3.0
_FORGOTTEN_AFTER = 900.0
# The files that SQLite keeps beside a database in write-ahead mode.
_BESIDE = ("-wal", "-shm")
# Device and number of a file, by what its name ends in.
_Files = dict[str, tuple[int, int] | None]


class SqliteFile:
    """The connections to a database at `path`; a call waits `busy_seconds` at most for other writers.

    `prepare` makes the tables on each new connection; it must allow for others doing the same. Without `make` the file
    must be there: nothing is written but by those who use the connection.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_seconds: float,
        prepare: Callable[[sqlite3.Connection], None],
        make: bool = True,
    ) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._prepare = prepare
        self._make = make
        self._local = threading.local()
        self._open: dict[sqlite3.Connection, _Files] = {}
        self._was_fine = False
        self._carry_after = -math.inf
        self._suspected = -math.inf

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection of this thread. Raises sqlite3.Error and OSError; one on which anything failed is closed."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and not self._same(connection):
            connection = None
        if connection is None:
            connection = self._local.connection = self._connect()
        try:
            yield connection
        except BaseException as problem:
            files = self._open[connection]
            self._close(connection)
            self._set_aside(files, problem)
            raise

    def close(self) -> None:
        """Close all connections. No thread may use one any more."""
        for connection in list(self._open):
            connection.close()
        self._open.clear()
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        self._local.since = time.monotonic()
        if self._make:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        elif not may_be_there(self._path):
            raise FileNotFoundError(
                "there is no such file, so no gateway with this configuration has run here; use the configuration file of"
                " the gateway that runs (--config)"
            )
        if not os.access(self._path, os.R_OK):  # SQLite would not say why it cannot open it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self._path))
        files: _Files = {"": self._found("")}
        connection = sqlite3.connect(
            self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            if self._make:
                self._write_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(connection)
        except BaseException as problem:
            connection.close()
            self._set_aside(files, problem)
            raise
        self._was_fine = True
        # What was read above is from the file that was there before, or from one that the next call notices.
        self._open[connection] = files | {each: self._found(each) for each in _BESIDE}
        return connection

    def _close(self, connection: sqlite3.Connection) -> None:
        self._local.connection = None
        del self._open[connection]
        connection.close()

    def _same(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is still the one of this connection, which is closed otherwise."""
        files = self._open[connection]
        try:
            found = os.stat(self._path)  # noqa: PTH116 - on every call, and half as dear
        except (FileNotFoundError, NotADirectoryError):
            found = None
        if found is not None and (found.st_dev, found.st_ino) == files[""]:
            if found.st_size > 0:
                log_stays = all(self._found(each) == files[each] for each in _BESIDE)
                return log_stays or not self._make or not self._carry_over(connection)
            # Emptied in its place. Other connections hold locks on it, so that no new one can be made there.
            if not self._make:
                self._close(connection)
                return False
            self._move_aside(files)
        self._leave_behind(connection)
        return False

    def _carry_over(self, connection: sqlite3.Connection) -> bool:
        """Put all that this connection sees in place of the file, whose log somebody took away, and close it; whether that was
        possible.

        Who opens the file without that log sees an earlier state, and what both write damages it.
        """
        files, fresh = self._open[connection], Path(f"{self._path}.whole")
        if time.monotonic() < self._carry_after:
            return False
        try:
            with _locked(self._path.parent):
                if self._found("") == files[""]:
                    self._copy(connection, fresh)
                    for each in _BESIDE:
                        Path(f"{self._path}{each}").unlink(missing_ok=True)
                    fresh.replace(self._path)
                    log.warning(
                        "the log of the session store was taken away: it goes on with a copy",
                        store=str(self._path),
                    )
        except (sqlite3.Error, OSError) as problem:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            if _damaged(problem):
                self._close(connection)
                self._set_aside(files, problem)
                raise
            # A full disk, for example: what is open here can be read all the same.
            self._carry_after = time.monotonic() + _AGAIN_AFTER
            log.error(
                "the log of the session store was taken away", store=str(self._path), reason=str(problem)
            )
            return False
        self._close(connection)
        return True

    def _copy(self, connection: sqlite3.Connection, fresh: Path) -> None:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            os.fchmod(descriptor, stat.S_IMODE(self._path.stat().st_mode))
            connection.execute("VACUUM INTO ?", (str(fresh),))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _leave_behind(self, connection: sqlite3.Connection) -> None:
        """Close the connection to a file that was deleted or replaced.

        Its write-ahead log goes too: SQLite would take it for that of the file in its place.
        """
        try:
            with _locked(self._path.parent):
                for each in _BESIDE:
                    if self._open[connection][each] == self._found(each):
                        Path(f"{self._path}{each}").unlink(missing_ok=True)
        except (FileNotFoundError, NotADirectoryError):
            pass  # the folder is gone as well
        finally:
            self._close(connection)

    def _set_aside(self, files: _Files, problem: BaseException) -> None:
        """Rename a file that was a database and no longer is, or a damaged one, so that a new one is made.

        A file that never was one here is left alone: the settings may name a file of somebody else.
        """
        if self._make and self._was_fine and _damaged(problem) and self._certain(problem):
            self._move_aside(files)

    def _certain(self, problem: BaseException) -> bool:
        """Whether it is damage that lasts, which the connection of this thread met."""
        if _code(problem) == sqlite3.SQLITE_NOTADB:
            return True
        now = time.monotonic()
        if now - self._suspected > _FORGOTTEN_AFTER:
            self._suspected = now
            log.warning("the session store seems to be damaged", store=str(self._path), reason=str(problem))
        return bool(self._local.since - self._suspected >= _CERTAIN_AFTER)

    def _move_aside(self, files: _Files) -> None:
        with suppress(FileNotFoundError, NotADirectoryError), _locked(self._path.parent):
            if self._found("") != files[""]:
                return
            aside = self._path.with_name(f"{self._path.name}.broken-{time.time_ns()}")
            for each in ("", *_BESIDE):
                with suppress(FileNotFoundError):
                    Path(f"{self._path}{each}").rename(f"{aside}{each}")
            log.error("the session store was damaged: it begins anew", store=str(self._path), kept=str(aside))

    def _found(self, ending: str) -> tuple[int, int] | None:
        try:
            found = os.stat(f"{self._path}{ending}")  # noqa: PTH116 - half as dear
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_dev, found.st_ino

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Turn the write-ahead log on; SQLite itself does not wait for others who do that at the same moment."""
        give_up = time.monotonic() + self._busy_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= give_up:
                    raise
                time.sleep(_BUSY_PAUSE)


def _damaged(problem: BaseException) -> bool:
    return _code(problem) in _BROKEN


def _code(problem: BaseException) -> int:
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF if isinstance(problem, sqlite3.Error) else 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among the workers, which notice at the same moment: none removes what another has made since."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
