"""What only a SQLite file can do to sessions: be made by several processes, be broken, be newer."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
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
