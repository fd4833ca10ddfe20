"""Orders and reports in the store: sealed, changed one at a time, readable while keys change."""

from __future__ import annotations

import asyncio
import json

import pytest

from gateway.session.board import Board, LastingOrder, SealedElsewhere
from gateway.session.memory import MemoryStore
from gateway.session.store import Store
from gateway.session.ticket import SessionCipher
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio
OLD, NEW, NEWER = b"old key " * 4, b"new key " * 4, b"newer key " * 4


def board(store: Store, clock: Clock, *keys: bytes) -> Board:
    cipher = SessionCipher("ti", keys or (OLD,))
    return Board(store, lambda: cipher, clock)


async def content(found: Board) -> bytes:
    return found.read("blocks", (await found.orders())["blocks"]).content


async def test_no_change_is_lost_and_nothing_can_be_read_in_the_store(store: Store, clock: Clock) -> None:
    found = board(store, clock)
    changes = (found.change("blocks", lambda content: (content or b"") + b"fraud,") for _ in range(8))
    made = await asyncio.gather(*changes)
    assert sorted(each.revision for each in made) == list(range(1, 9))
    assert await content(found) == b"fraud," * 8
    assert b"fraud" not in (await found.orders())["blocks"]
    same = await found.change("blocks", lambda _content: None)
    assert same.revision == 8
    assert (await board(MemoryStore(), clock).change("blocks", lambda _content: None)).revision == 0


async def test_keys_change_one_gateway_after_the_other(store: Store, clock: Clock) -> None:
    first, both, last = board(store, clock, OLD), board(store, clock, NEW, OLD), board(store, clock, NEW)
    await first.change("blocks", lambda _content: b"all")
    stored = (await both.orders())["blocks"]
    found = both.read("blocks", stored)
    assert (found.content, found.whole) == (b"all", False)
    with pytest.raises(SealedElsewhere, match=r"session\.previous_keys") as problem:
        last.read("blocks", stored)
    assert problem.value.revision == 1
    assert await both.put_back("blocks", stored, found)
    assert await both.put_back("blocks", stored, found) is False
    for each in (first, both, last):
        assert await content(each) == b"all"
    # One that knows neither of the others' keys adds its copy, and takes none away.
    newer = board(store, clock, NEWER)
    await newer.put_back("blocks", (await newer.orders())["blocks"], found)
    for each in (first, last, newer):
        assert await content(each) == b"all"


async def test_each_of_many_keys_has_a_copy_and_dropped_ones_leave_few_behind(
    store: Store, clock: Clock
) -> None:
    keys = tuple(b"key %02d " % number * 6 for number in range(40))
    many = board(store, clock, *keys[:12])
    await many.change("blocks", lambda _content: b"all")
    assert many.read("blocks", (await many.orders())["blocks"]).whole
    for key in keys[:12]:
        assert await content(board(store, clock, key)) == b"all"
    for key in keys[12:]:
        await board(store, clock, key).put_back(
            "blocks", (await many.orders())["blocks"], LastingOrder(1, b"all")
        )
    copies = json.loads((await many.orders())["blocks"])["copies"]
    assert len(copies) == 17
    assert await content(board(store, clock, keys[-2])) == b"all"


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff", b"[]", b"{}", b'{"revision": 3, "copies": ["!"]}', b"[" * 200_000]
)
async def test_garbage_is_an_order_of_somebody_else(clock: Clock, garbage: bytes) -> None:
    store = MemoryStore()
    await store.put_entry("orders", "blocks", garbage, until=float("inf"))
    with pytest.raises(SealedElsewhere):
        await board(store, clock).change("blocks", lambda _content: b"mine")
    assert (await store.entries("orders", now=1.0))["blocks"] == garbage


async def test_reports_and_passing_orders_end(store: Store, clock: Clock) -> None:
    found = board(store, clock)
    assert await found.served() is False
    await found.serve()
    assert await found.served() is True
    await found.report("a:1:x", {"blocks": 3}, seconds=30.0)
    await board(store, clock, NEW).report("b:2:y", {"blocks": 3}, seconds=60.0)
    await found.order("revoked:1", b"[]", seconds=30.0)
    assert await found.reports() == {"a:1:x": {"blocks": 3}, "b:2:y": {}}
    clock.now += 31.0
    assert await found.reports() == {"b:2:y": {}}
    assert await found.orders() == {}
    await found.withdraw("b:2:y")
    assert await found.reports() == {}
