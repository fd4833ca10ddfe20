"""Orders of one kind in a worker: those of the store and those of the file stand side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.orders.orders_in_force import OrdersInForce
from tests.orders.test_order_list import ONE, THINGS, Thing
from tests.waiting import eventually

OTHER = Thing("b", 2.0)


async def test_both_stand_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    path, calls = tmp_path / "things.json", list[int]()
    found = OrdersInForce(THINGS, path, "ti", changed=lambda: calls.append(1), look_every=0.02)
    await found.start()
    assert found.known == ()
    await asyncio.to_thread(THINGS.change, path, "ti", lambda _: [ONE])
    await eventually(lambda: found.here == (ONE,))
    found.take_shared(THINGS.text([OTHER], "ti"), "the store")
    assert found.known == (OTHER, ONE)
    count = len(calls)
    found.take_shared(THINGS.text([OTHER], "ti"), "the store")
    assert len(calls) == count
    with pytest.raises(ValueError, match="not a file of things"):
        found.take_shared(b"{", "the store")
    await asyncio.to_thread(path.write_bytes, b"{")
    await eventually(lambda: found.unread)
    assert found.known == (OTHER, ONE)
    await asyncio.to_thread(path.unlink)
    await eventually(lambda: "is gone" in found.unread)
    assert found.known == (OTHER, ONE)
    await found.aclose()


async def test_an_empty_file_that_is_taken_away_is_made_again_for_commands(tmp_path: Path) -> None:
    path = tmp_path / "var/things.json"
    found = OrdersInForce(THINGS, path, "ti", changed=lambda: None, look_every=0.02)
    await found.start()
    for number in range(2):
        await asyncio.to_thread(path.parent.rename, tmp_path / f"away-{number}")
        await eventually(path.exists)
        await asyncio.sleep(0.2)  # it has looked again
    await asyncio.to_thread(THINGS.change, path, "ti", lambda _: [ONE])
    await eventually(lambda: found.here == (ONE,))
    assert not found.unread
    await found.aclose()


async def test_a_file_that_was_only_written_again_changes_nothing(tmp_path: Path) -> None:
    path, calls = tmp_path / "things.json", list[int]()
    found = OrdersInForce(THINGS, path, "ti", changed=lambda: calls.append(1), look_every=0.02)
    await found.start()
    await asyncio.to_thread(THINGS.change, path, "ti", lambda _: [ONE])
    await eventually(lambda: calls == [1])
    await asyncio.to_thread(THINGS.change, path, "ti", lambda found: found)
    await asyncio.to_thread(path.write_bytes, b"{")
    await eventually(lambda: found.unread)
    await asyncio.to_thread(path.write_bytes, THINGS.text([ONE], "ti"))
    await eventually(lambda: not found.unread)
    assert (found.known, calls) == ((ONE,), [1])
    await found.aclose()


async def test_what_is_in_the_file_at_the_start_is_a_change(tmp_path: Path) -> None:
    path, calls = tmp_path / "things.json", list[int]()
    found = OrdersInForce(THINGS, path, "ti", changed=lambda: calls.append(1), look_every=60)
    await asyncio.to_thread(THINGS.change, path, "ti", lambda _: [ONE])
    found.take_shared(THINGS.text([OTHER], "ti"), "the store")
    await found.start()
    assert (found.known, calls) == ((OTHER, ONE), [1, 1])
    await found.aclose()
