"""Keys going live in processes that share a store: none seals with a key that another one does not have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import Event, KeyChanged
from gateway.fleet.members import LASTS_SECONDS
from gateway.key_files.keyring import Key, KeyChoice, Ring, write_key_file
from gateway.reload.keys import KeyReload, KeySource, RingSource
from gateway.session.memory import MemoryStore
from gateway.settings import Secret
from tests.waiting import eventually

pytestmark = pytest.mark.anyio
FAST = {"announce_every": 0.05, "look_every": 0.05}
OLD, NEW = Key("sessions", b"o" * 32), Key("sessions", b"n" * 32)


class Process:
    """One process with a file of keys."""

    def __init__(
        self, folder: Path, store: MemoryStore, now: list[float], *keys: Key, plain: bool = False
    ) -> None:
        self.path = folder / "session.key"
        folder.mkdir(exist_ok=True)
        self.plain = plain
        self.put(*keys)
        self.keys: Sequence[Key] = ()
        self.events: list[Event] = []
        ring = Ring("sessions", (Secret("file:session.key", folder),))
        self.reload = KeyReload(
            {"sessions": RingSource(ring, self._use)},
            store,
            clock=lambda: now[0],
            on_event=self.events.append,
            **FAST,
        )

    def put(self, *keys: Key) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(keys[0].octets if self.plain else write_key_file(keys))
        fresh.chmod(0o600)
        fresh.replace(self.path)

    def _use(self, keys: Sequence[Key]) -> None:
        self.keys = keys

    @property
    def used(self) -> Key:
        return self.keys[0]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


async def test_a_new_key_is_used_once_both_have_it(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    a, b = Process(tmp_path / "a", store, now, OLD), Process(tmp_path / "b", store, now, OLD)
    await a.reload.start()
    await b.reload.start()
    a.put(NEW, OLD)
    await eventually(lambda: len(a.keys) == 2)
    assert list(a.keys) == [OLD, NEW]
    b.put(NEW, OLD)
    await eventually(lambda: a.used == b.used == NEW)
    assert list(b.keys) == [NEW, OLD]
    assert a.events == b.events == [KeyChanged("sessions", OLD.id, NEW.id)]
    await a.reload.aclose()
    await b.reload.aclose()
    assert await store.entries("keys", now=now[0]) == {}


async def test_a_process_that_starts_with_a_new_key_waits_for_the_others(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    late = Process(tmp_path / "a", store, now, OLD)
    await late.reload.start()
    first = Process(tmp_path / "b", store, now, NEW, OLD)
    await first.reload.start()
    assert first.used == OLD
    await late.reload.aclose()
    await eventually(lambda: first.used == NEW)
    await first.reload.aclose()


async def test_a_process_that_died_is_waited_for_no_longer(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    said = b'{"host": "gone", "pid": 1, "accepts": {"sessions": {"%s": 0}}, "uses": {}}' % OLD.id.encode()
    await store.put_entry("keys", "gone", said, until=now[0] + LASTS_SECONDS)
    found = Process(tmp_path / "a", store, now, NEW, OLD)
    await found.reload.start()
    assert found.used == OLD
    now[0] += LASTS_SECONDS + 1
    await eventually(lambda: found.used == NEW)
    await found.reload.aclose()


async def test_a_replaced_file_with_room_for_one_key_ends_nothing(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    found = Process(tmp_path / "a", store, now, OLD, plain=True)
    await found.reload.start()
    found.put(NEW)
    await eventually(lambda: found.used == NEW)
    assert list(found.keys) == [NEW, OLD]
    await found.reload.aclose()


async def test_a_file_that_cannot_be_read_changes_nothing(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    found = Process(tmp_path / "a", store, now, OLD)
    await found.reload.start()
    found.path.write_bytes(b"short")
    await eventually(lambda: found.reload._unread != ())
    status = await found.reload.check()
    assert status.ready
    assert "a key has at least 32 octets" in status.detail
    assert list(found.keys) == [OLD]
    found.put(NEW, OLD)
    await eventually(lambda: found.used == NEW)
    assert (await found.reload.check()).detail == ""
    await found.reload.aclose()


async def test_a_key_that_only_others_have_is_reported(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    a, b = Process(tmp_path / "a", store, now, NEW), Process(tmp_path / "b", store, now, OLD)
    await a.reload.start()
    await b.reload.start()
    assert (
        f"uses the key {NEW.id} for sessions, which this process does not have"
        in (await b.reload.check()).detail
    )
    await a.reload.aclose()
    await b.reload.aclose()


async def test_a_store_without_an_answer_changes_nothing(tmp_path: Path, now: list[float]) -> None:
    class Failing(MemoryStore):
        fails = False

        async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
            if self.fails:
                raise StoreUnavailable("the store is down")
            await super().put_entry(topic, name, value, until=until)

    store = Failing()
    found = Process(tmp_path / "a", store, now, OLD)
    await found.reload.start()
    store.fails = True
    await eventually(lambda: found.reload._unreached != "")
    status = await found.reload.check()
    assert status.ready
    assert "the store is down" in status.detail
    assert list(found.keys) == [OLD]
    store.fails = False
    await eventually(lambda: found.reload._unreached == "")
    await found.reload.aclose()


async def test_a_key_is_used_after_it_was_announced_for_long_enough(
    store: MemoryStore, now: list[float]
) -> None:
    taken: list[str] = []
    source = KeySource((), lambda: KeyChoice({"new": 1_000.0, "old": 0.0}, taken.append), announced_for=600.0)
    reload = KeyReload(
        {"assertion": source}, store, clock=lambda: now[0], on_event=lambda _event: None, **FAST
    )
    await reload.start()
    assert taken == ["old"]
    now[0] += 600
    await eventually(lambda: taken == ["old", "new"])
    await reload.aclose()


async def test_other_secrets_are_read_again(tmp_path: Path, store: MemoryStore, now: list[float]) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(b"a")
    seen: list[bytes] = []
    reload = KeyReload(
        {}, store, [((path,), lambda: seen.append(path.read_bytes()))], clock=lambda: now[0],
        on_event=lambda _event: None, **FAST,
    )  # fmt: skip
    await reload.start()
    path.write_bytes(b"other")
    await eventually(lambda: seen == [b"other"])
    await reload.aclose()


class Clocked(MemoryStore):
    """A store with a clock."""

    there = 1_000.0

    async def time(self) -> float:
        return self.there


@pytest.mark.parametrize("ahead", [0.0, 600.0, -600.0, 3_600.0])
async def test_a_key_is_announced_for_its_time_whatever_the_clock_of_a_machine(ahead: float) -> None:
    """Registers ask for the key set by their own clock: a machine that is ahead would sign with a key that they lack."""
    store, now, used = Clocked(), [1_000.0 + ahead], list[str]()
    # The file was replaced a moment ago, by the clock of this machine or by one that was right.
    for placed in {now[0], 1_000.0}:
        source = KeySource(
            (), lambda placed=placed: KeyChoice({"new": placed, "old": 0.0}, used.append), 600.0
        )
        reload = KeyReload({"assertion": source}, store, clock=lambda: now[0], on_event=lambda _: None)
        await reload.start()
        assert used[-1] == "old"
        store.there, now[0] = store.there + 599.0, now[0] + 599.0
        await reload._agree()
        assert used[-1] == "old"
        await reload.aclose()
        store.there, now[0] = 1_000.0, 1_000.0 + ahead
    store.there, now[0] = store.there + 10_000.0, now[0] + 10_000.0
    await reload._agree()
    assert used[-1] == "new"


async def test_a_store_that_came_back_empty_makes_nobody_use_a_key_that_others_lack(
    tmp_path: Path, store: MemoryStore, now: list[float]
) -> None:
    """As after a failover, or an outage that lasted longer than what each says: the first to speak again is not alone."""
    a, b = Process(tmp_path / "a", store, now, OLD), Process(tmp_path / "b", store, now, OLD)
    await a.reload.start()
    await b.reload.start()
    a.put(NEW, OLD)
    await eventually(lambda: len(a.keys) == 2)
    for _ in range(3):
        store._entries.clear()
        await a.reload._agree()
        assert a.used == OLD
        await b.reload._agree()
    assert a.events == []
    # One that has gone is waited for no longer.
    await b.reload.aclose()
    await eventually(lambda: a.used == NEW)
    await a.reload.aclose()
