"""One connection for each thread, closed after trouble, opened anew where the file is another one."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.session.sqlite_file import SqliteFile


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS number (value INTEGER)")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    found = SqliteFile(tmp_path / "inside" / "a.db", busy_seconds=1.0, prepare=prepare)
    yield found
    found.close()


def count(file: SqliteFile) -> int:
    with file.connection() as connection:
        return int(connection.execute("SELECT count(*) FROM number").fetchone()[0])


def add(file: SqliteFile) -> None:
    with file.connection() as connection:
        connection.execute("INSERT INTO number VALUES (1)")


def test_a_thread_keeps_its_connection_and_another_has_its_own(file: SqliteFile) -> None:
    seen: list[sqlite3.Connection] = []

    def look() -> None:
        with file.connection() as connection:
            seen.append(connection)

    look()
    look()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen[0] is seen[1]
    assert seen[2] is not seen[0]


def test_only_its_owner_can_read_the_file(file: SqliteFile, tmp_path: Path) -> None:
    add(file)
    assert (tmp_path / "inside/a.db").stat().st_mode & 0o777 == 0o600


def test_a_connection_on_which_something_failed_is_closed(file: SqliteFile) -> None:
    with pytest.raises(sqlite3.OperationalError), file.connection() as failed:
        failed.execute("SELECT * FROM nothing")
    with pytest.raises(sqlite3.ProgrammingError):
        failed.execute("SELECT 1")
    add(file)
    assert count(file) == 1


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_gone_or_another_one_is_opened_anew(
    file: SqliteFile, tmp_path: Path, replaced: bool
) -> None:
    add(file)
    path = tmp_path / "inside/a.db"
    path.unlink()
    if replaced:
        path.touch(mode=0o600)
    assert count(file) == 0
    add(file)
    assert count(file) == 1
    other = sqlite3.connect(path)
    assert other.execute("SELECT count(*) FROM number").fetchone() == (1,)
    other.close()


def fail(file: SqliteFile, code: int) -> None:
    problem = sqlite3.DatabaseError("database disk image is malformed")
    problem.sqlite_errorcode = code
    with pytest.raises(sqlite3.DatabaseError), file.connection():
        raise problem


def test_a_disk_that_fails_for_a_moment_is_no_damage(
    file: SqliteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.session.sqlite_file._CERTAIN_AFTER", 0.2)
    add(file)
    for _ in range(3):
        fail(file, sqlite3.SQLITE_CORRUPT)
        assert count(file) == 1
    assert not list(tmp_path.glob("inside/*.broken-*"))
    time.sleep(0.3)
    # This connection was opened before, when the disk may still have failed.
    fail(file, sqlite3.SQLITE_CORRUPT)
    assert count(file) == 1
    fail(file, sqlite3.SQLITE_CORRUPT)
    assert count(file) == 0
    assert list(tmp_path.glob("inside/*.broken-*"))


def test_what_is_no_database_any_more_is_set_aside_at_once(file: SqliteFile, tmp_path: Path) -> None:
    add(file)
    fail(file, sqlite3.SQLITE_NOTADB)
    assert count(file) == 0
    assert list(tmp_path.glob("inside/*.broken-*"))
