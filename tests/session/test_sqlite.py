"""What only a SQLite file can do to sessions: be made by several processes, be broken, be newer."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailable
from gateway.session.sqlite import SqliteStore
from tests.session.test_store import stored

pytestmark = pytest.mark.anyio


async def test_two_processes_share_one_file(tmp_path: Path) -> None:
    one, two = SqliteStore(tmp_path / "s.db"), SqliteStore(tmp_path / "s.db")
    await asyncio.gather(one.start(), two.start())
    await asyncio.gather(
        *(one.put(stored(number)) for number in range(1, 30)),
        *(two.put(stored(number)) for number in range(30, 60)),
    )
    assert len(await two.find()) == 59
    await one.aclose()
    await two.aclose()
    assert stat.S_IMODE((tmp_path / "s.db").stat().st_mode) == 0o600


async def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    for number in range(20):
        stores = [SqliteStore(tmp_path / f"{number}.db") for _ in range(6)]
        await asyncio.gather(*(store.start() for store in stores))
        await asyncio.gather(*(store.aclose() for store in stores))


async def test_a_store_that_is_no_store_is_unavailable(tmp_path: Path) -> None:
    broken = tmp_path / "s.db"
    broken.write_bytes(b"this is not a database" * 100)
    store = SqliteStore(broken)
    with pytest.raises(StoreUnavailable):
        await store.start()
    await store.aclose()
    newer = sqlite3.connect(tmp_path / "n.db")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    store = SqliteStore(tmp_path / "n.db")
    with pytest.raises(StoreUnavailable, match="newer gateway"):
        await store.start()
    await store.aclose()


async def test_what_is_only_used_is_never_made_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "var/s.db"
    missing = SqliteStore(path, make=False)
    with pytest.raises(StoreUnavailable, match="no gateway with this configuration has run here"):
        await missing.start()
    await missing.aclose()
    assert not path.parent.exists()
    gateway = SqliteStore(path)
    await gateway.start()
    await gateway.put(stored(1))
    command = SqliteStore(path, make=False)
    await command.start()
    assert await command.find() == [stored(1)]
    await command.aclose()
    await gateway.aclose()
    older = sqlite3.connect(path)
    older.execute("PRAGMA user_version = 2")
    older.execute("DROP TABLE entry")
    older.close()
    command = SqliteStore(path, make=False)
    with pytest.raises(StoreUnavailable, match="older version of the gateway"):
        await command.start()
    await command.aclose()
    await gateway.start()
    assert await gateway.entries("orders", now=0.0) == {}
    assert await gateway.find() == [stored(1)]
    await gateway.aclose()


async def test_a_file_that_may_not_be_read_is_called_that_and_as_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "s.db")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    with pytest.raises(StoreUnavailable) as caught:
        await store.start()
    assert f"session store {tmp_path / 's.db'}: Permission denied (as " in caught.value.detail
    await store.aclose()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows: SQLite sees a disk without space."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def descriptors(folder: Path) -> int:
    """How many are open in a folder, whatever else this process does."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found += str(each.readlink()).startswith(f"{folder}/")
    return found


async def test_a_full_disk_uses_nothing_up_and_ends_with_the_fullness(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db", threads=1)  # one connection, which is open before the count
    await store.start()
    await asyncio.gather(*(store.put(stored(number)) for number in range(1, 20)))
    before = descriptors(tmp_path)
    with full_disk():
        for number in range(200):
            with pytest.raises(StoreUnavailable):
                await store.put(stored(20 + number))
        assert descriptors(tmp_path) <= before
    await store.put(stored(250))
    assert await store.get(stored(250).key) is not None
    assert len(await store.find()) == 20
    assert descriptors(tmp_path) <= before
    await store.aclose()


async def test_a_start_on_a_full_disk_uses_nothing_up(tmp_path: Path) -> None:
    before = descriptors(tmp_path)
    store = SqliteStore(tmp_path / "s.db")
    with full_disk():
        for _ in range(50):
            with pytest.raises(StoreUnavailable):
                await store.start()
    assert descriptors(tmp_path) <= before
    await store.start()
    await store.put(stored(1))
    await store.aclose()
    assert descriptors(tmp_path) <= before


async def test_a_folder_that_is_gone_comes_back(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "var" / "s.db")
    await store.start()
    before = descriptors(tmp_path)
    shutil.rmtree(tmp_path / "var")
    await store.put(stored(1))
    shutil.rmtree(tmp_path / "var")
    (tmp_path / "var").write_bytes(b"in the way")
    for _ in range(50):
        with pytest.raises(StoreUnavailable):
            await store.put(stored(1))
    assert descriptors(tmp_path) <= before
    (tmp_path / "var").unlink()
    await store.put(stored(1))
    assert len(await store.find()) == 1
    await store.aclose()


@pytest.mark.parametrize("with_log", [True, False])
async def test_a_deleted_file_is_made_anew(tmp_path: Path, with_log: bool) -> None:
    path = tmp_path / "s.db"
    one, two = SqliteStore(path, threads=4), SqliteStore(path, threads=2)
    # The file and its log for each of six connections, and what they share; and those of threads that had nothing to do since.
    most = 2 * (6 * 2 + 1)
    await one.start()
    await two.start()
    for round_ in range(5):
        await asyncio.gather(*(one.put(stored(number)) for number in range(1, 30)))
        for name in ("s.db", "s.db-wal", "s.db-shm") if with_log else ("s.db",):
            (tmp_path / name).unlink()
        numbers = range(100, 140)
        await asyncio.gather(*((one, two)[number % 2].put(stored(number)) for number in numbers))
        assert len(await one.find()) == len(await two.find()) == 40, round_
        await asyncio.gather(*(one.find() for _ in range(20)), *(two.find() for _ in range(20)))
        assert descriptors(tmp_path) <= most
        with sqlite3.connect(path) as other:
            assert other.execute("SELECT count(*) FROM session").fetchone() == (40,)
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        other.close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await one.sweep(expired_before=1e12, idle_before=1e12)
    await one.aclose()
    await two.aclose()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("names", [("s.db-wal", "s.db-shm"), ("s.db-wal",), ("s.db-shm",)])
async def test_nothing_is_lost_where_the_log_is_taken_away(
    tmp_path: Path, names: tuple[str, ...], replaced: bool
) -> None:
    path = tmp_path / "s.db"
    one, two = SqliteStore(path), SqliteStore(path)
    await one.start()
    await two.start()
    for round_ in range(3):
        await asyncio.gather(*((one, two)[number % 2].put(stored(number)) for number in range(1, 30)))
        for name in names:
            (tmp_path / name).unlink()
            if replaced:
                (tmp_path / name).touch(mode=0o600)
        assert len(await one.find()) == 29, round_
        await asyncio.gather(*((one, two)[number % 2].put(stored(number)) for number in range(30, 60)))
        assert len(await one.find()) == len(await two.find()) == 59, round_
        with sqlite3.connect(path) as other:
            assert other.execute("SELECT count(*) FROM session").fetchone() == (59,)
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        other.close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await one.sweep(expired_before=1e12, idle_before=1e12)
    await one.aclose()
    await two.aclose()
    assert not list(tmp_path.glob("*.whole"))


async def test_a_log_that_was_taken_away_on_a_full_disk_is_used_until_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore(path)
    await store.start()
    await asyncio.gather(*(store.put(stored(number)) for number in range(1, 30)))
    with full_disk():
        (tmp_path / "s.db-wal").unlink()
        assert len(await store.find()) == 29
    assert not list(tmp_path.glob("*.whole"))
    await store.aclose()
    again = SqliteStore(path)
    await again.start()
    assert len(await again.find()) == 29
    await again.aclose()


async def test_a_file_that_is_put_in_its_place_is_used(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore(path)
    await store.start()
    await asyncio.gather(*(store.put(stored(number)) for number in range(1, 30)))
    other = SqliteStore(tmp_path / "other.db")
    await other.start()
    await asyncio.gather(*(other.put(stored(number)) for number in range(100, 105)))
    await other.aclose()
    (tmp_path / "other.db").rename(path)
    assert len(await store.find()) == 5
    await asyncio.gather(*(store.put(stored(number)) for number in range(200, 210)))
    await store.aclose()
    with sqlite3.connect(path) as found:
        assert found.execute("SELECT count(*) FROM session").fetchone() == (15,)
    found.close()


def without_tables(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE session")
        other.execute("DROP TABLE note")
    other.close()


DAMAGE = {
    "tables dropped": without_tables,
    "emptied": lambda path: path.write_bytes(b""),
    "overwritten": lambda path: path.write_bytes(b"this is not a database" * 1_000),
    "scribbled": lambda path: path.write_bytes(path.read_bytes()[:100] + os.urandom(20_000)),
}


@pytest.mark.parametrize("kind", DAMAGE)
async def test_a_file_that_is_damaged_in_its_place_is_made_anew(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s.db"
    stores = SqliteStore(path), SqliteStore(path)
    for store in stores:
        await store.start()
        await store.put(stored(1))
    await asyncio.to_thread(DAMAGE[kind], path)
    before = descriptors(tmp_path)
    async with asyncio.timeout(20):
        for number, store in enumerate(stores):
            while True:
                try:
                    await store.put(stored(20 + number))
                    assert await store.get(stored(20 + number).key) is not None
                    break
                except StoreUnavailable:
                    pass
    assert descriptors(tmp_path) <= before + 12
    assert (await stores[0].get(stored(21).key)) == (await stores[1].get(stored(21).key)) == stored(21)
    for store in stores:
        await store.aclose()


async def test_calls_that_wait_for_a_lock_are_not_waited_for_one_after_the_other(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db", busy_seconds=0.1)
    await store.start()
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    found = await asyncio.gather(
        *(store.put(stored(number)) for number in range(1, 200)), return_exceptions=True
    )
    assert all(isinstance(each, StoreUnavailable) for each in found)
    assert time.monotonic() - begun < 12.0  # of the 20 that they last one after the other
    other.execute("ROLLBACK")
    other.close()
    await store.put(stored(1))
    await store.aclose()


async def test_sessions_are_read_while_somebody_else_holds_the_lock_for_writing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.start()
    await store.put(stored(1))
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = [asyncio.create_task(store.touch(stored(1).key, 2e9)) for _ in range(20)]
    begun = time.monotonic()
    for _ in range(20):
        assert await store.get(stored(1).key) == stored(1)
        await asyncio.sleep(0.01)
    assert time.monotonic() - begun < 1.5  # a call that waits for the lock takes two seconds
    other.execute("ROLLBACK")
    other.close()
    await asyncio.gather(*writing)
    await store.aclose()


async def test_a_sweep_lets_others_write_in_between(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.start()
    other = sqlite3.connect(tmp_path / "s.db")
    row = (b"sealed", 0.0, 0.0, 10.0, b"s", b"o")
    columns = "(key, sealed, created_at, seen_at, expires_at, subject, organisation)"
    rows = [(number.to_bytes(32, "big"), *row) for number in range(10_000)]
    other.executemany(f"INSERT INTO session {columns} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    notes = [(key, b"", 10.0 + number % 2) for number, (key, *_) in enumerate(rows)]
    other.executemany("INSERT INTO note VALUES (?, ?, ?)", [*notes, (b"\xff", b"", 10.0)])
    other.commit()
    seen = set()
    sweeping = asyncio.create_task(store.sweep(expired_before=11.0, idle_before=0.0))
    while not sweeping.done():
        found = [other.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("session", "note")]
        seen.add((found[0][0], found[1][0]))
        await asyncio.sleep(0.001)
    assert await sweeping == 10_000
    assert {count for count, _ in seen} - {0, 10_000}
    assert {count for _, count in seen} - {5_000, 10_001}
    assert other.execute("SELECT count(*) FROM note").fetchone() == (5_000,)
    other.close()
    await store.aclose()
