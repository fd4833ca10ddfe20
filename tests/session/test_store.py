"""What every session store must do, against each of them: memory, SQLite and a real Redis server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from gateway.session.store import Store, StoredSession
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio


def stored(number: int, **changes: float | bytes) -> StoredSession:
    facts = {
        "key": bytes([number]) * 32, "sealed": b"sealed\0\xff", "created_at": float(number), "seen_at": 1_000_010.0,
        "expires_at": 1_000_100.0, "subject": b"s" * 16, "organisation": b"o" * 16, "sid": b"p" * 16,
    } | changes  # fmt: skip
    return StoredSession(**facts)  # type: ignore[arg-type]


async def test_keeps_and_forgets(store: Store) -> None:
    assert await store.get(stored(1).key) is None
    await store.put(stored(1))
    assert await store.get(stored(1).key) == stored(1)
    assert await store.delete(stored(1).key) is True
    assert await store.delete(stored(1).key) is False
    assert await store.get(stored(1).key) is None
    assert await store.find() == []
    assert await store.find(subject=b"s" * 16) == []


async def test_finds_by_all_that_is_given(store: Store) -> None:
    first, second, third = stored(1), stored(2, subject=b"t" * 16), stored(3, organisation=b"q" * 16, sid=b"")
    for each in (third, first, second):
        await store.put(each)
    assert await store.find() == [first, second, third]
    assert await store.find(subject=b"t" * 16) == [second]
    assert await store.find(subject=b"s" * 16) == [first, third]
    assert await store.find(subject=b"s" * 16, organisation=b"o" * 16) == [first]
    assert await store.find(sid=b"p" * 16) == [first, second]
    assert await store.find(sid=b"p" * 16, subject=b"t" * 16) == [second]
    assert await store.find(subject=b"x" * 16) == []
    await store.delete(first.key)
    assert await store.find(subject=b"s" * 16) == [third]


async def test_replaces_what_is_under_the_same_key(store: Store) -> None:
    await store.put(stored(1))
    other = stored(1, sealed=b"other", subject=b"t" * 16)
    await store.put(other)
    assert await store.find() == [other]
    assert await store.find(subject=b"s" * 16) == []


async def test_swaps_only_what_is_there(store: Store) -> None:
    assert await store.swap(stored(1).key, stored(2)) is False
    assert await store.get(stored(2).key) is None
    await store.put(stored(1))
    assert await store.swap(stored(1).key, stored(2)) is True
    assert await store.find() == [stored(2)]
    renewed = replace(stored(2), sealed=b"renewed", seen_at=1_000_020.0)
    assert await store.swap(stored(2).key, renewed) is True
    assert await store.get(stored(2).key) == renewed
    await store.delete(stored(2).key)
    assert await store.swap(stored(2).key, renewed) is False
    assert await store.find() == []


async def test_one_of_many_swaps_wins(store: Store) -> None:
    await store.put(stored(1))
    won = await asyncio.gather(*(store.swap(stored(1).key, stored(number)) for number in range(2, 30)))
    assert sorted(won, reverse=True)[:2] == [True, False]
    assert len(await store.find()) == 1


async def test_touches_forwards_only(store: Store) -> None:
    await store.put(stored(1))
    for seen_at in (1_000_050.0, 1_000_020.0):
        await store.touch(stored(1).key, seen_at)
    found = await store.get(stored(1).key)
    assert found == replace(stored(1), seen_at=1_000_050.0)
    await store.touch(stored(9).key, 1_000_050.0)
    assert await store.get(stored(9).key) is None


async def test_sweeps_what_ended(store: Store) -> None:
    await store.put(stored(1))
    await store.put(stored(2, expires_at=1_000_060.0))
    await store.put(stored(3, seen_at=1_000_005.0))
    assert await store.sweep(expired_before=1_000_070.0, idle_before=1_000_008.0) == 2
    assert await store.find() == [stored(1)]
    assert await store.find(subject=b"s" * 16) == [stored(1)]
    await store.touch(stored(1).key, 1_000_099.0)
    assert await store.sweep(expired_before=1_000_071.0, idle_before=1_000_050.0) == 0


async def test_times_keep_their_fractions_and_reach_past_2038(store: Store) -> None:
    exact = stored(1, created_at=1_764_000_000.123456, seen_at=1_764_000_001.5, expires_at=9_999_999_999.25)
    await store.put(exact)
    assert await store.get(exact.key) == exact


async def test_a_note_is_kept_once(store: Store) -> None:
    won = await asyncio.gather(
        *(store.put_value(b"claim", bytes([number]), until=20.0, now=10.0) for number in range(30))
    )
    assert won.count(True) == 1
    assert await store.get_value(b"claim", now=11.0) == bytes([won.index(True)])
    assert await store.get_value(b"other", now=11.0) is None


async def test_a_note_ends_at_its_moment(
    store: Store, clock: Clock, pass_time: Callable[[float], Awaitable[None]]
) -> None:
    clock.now = 10.0
    assert await store.put_value(b"claim", b"first", until=1_010.0, now=10.0)
    await pass_time(900.0)
    assert await store.put_value(b"claim", b"second", until=2_000.0, now=910.0) is False
    await pass_time(100.0)
    assert await store.get_value(b"claim", now=1_010.0) is None
    assert await store.take_value(b"claim", now=1_010.0) is None
    assert await store.put_value(b"claim", b"second", until=2_000.0, now=1_010.0)
    assert await store.get_value(b"claim", now=1_999.0) == b"second"


async def test_all_of_many_sessions_are_found_in_order(store: Store) -> None:
    many = [
        stored(
            0,
            key=sha256(b"%d" % number).digest(),
            created_at=float(number),
            organisation=b"%016d" % (number % 2),
        )
        for number in range(1_100)
    ]
    for start in range(0, len(many), 100):
        await asyncio.gather(*(store.put(each) for each in many[start : start + 100]))
    assert await store.find() == many
    assert await store.find(organisation=many[0].organisation) == many[::2]


async def test_many_notes_are_read_at_once(
    store: Store, clock: Clock, pass_time: Callable[[float], Awaitable[None]]
) -> None:
    clock.now = 10.0
    names = [b"note %d" % number for number in range(1_000)]
    for number in (0, 7, 999):
        await store.put_value(names[number], b"\0%d\xff" % number, until=20.0 + number, now=10.0)
    found = await store.get_values(names, now=11.0)
    assert {number: value for number, value in enumerate(found) if value is not None} == {
        0: b"\x000\xff", 7: b"\x007\xff", 999: b"\x00999\xff"
    }  # fmt: skip
    await pass_time(10.0)
    assert await store.get_values([names[7], names[0]], now=20.0) == [b"\x007\xff", None]
    assert await store.get_values([], now=11.0) == []


async def test_a_note_is_taken_by_one(store: Store) -> None:
    await store.put_value(b"form", b"\0what was sent\xff", until=20.0, now=10.0)
    taken = await asyncio.gather(*(store.take_value(b"form", now=11.0) for _ in range(30)))
    assert sorted(taken, key=lambda value: value is None)[:2] == [b"\0what was sent\xff", None]
    assert await store.get_value(b"form", now=11.0) is None
    assert await store.put_value(b"form", b"again", until=20.0, now=11.0)


async def test_entries_are_read_by_topic_until_they_end(store: Store) -> None:
    await store.put_entry("gateways", "a", b"1 \0\xff", until=20.0)
    await store.put_entry("gateways", "b", b"2", until=float("inf"))
    await store.put_entry("orders", "a", b"3", until=20.0)
    assert await store.entries("gateways", now=19.0) == {"a": b"1 \0\xff", "b": b"2"}
    await store.put_entry("gateways", "b", b"4", until=30.0)
    assert await store.entries("gateways", now=20.0) == {"b": b"4"}
    assert await store.entries("nothing", now=20.0) == {}
    assert await store.drop_entry("gateways", "b") is True
    assert await store.drop_entry("gateways", "b") is False
    assert await store.entries("gateways", now=20.0) == {}


async def test_one_of_many_changes_an_entry(store: Store) -> None:
    assert await store.swap_entry("orders", "blocks", b"other", b"new") is False
    assert await store.entries("orders", now=1.0) == {}
    for earlier in (None, b"\0\xff"):
        won = await asyncio.gather(
            *(store.swap_entry("orders", "blocks", earlier, b"%d" % number) for number in range(20))
        )
        assert won.count(True) == 1
        assert await store.entries("orders", now=1e12) == {"blocks": b"%d" % won.index(True)}
        await store.put_entry("orders", "blocks", b"\0\xff", until=float("inf"))
