"""One kind of shared orders: taken from the board, put back where it lost them, and reported."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.fleet.shared_order import SharedOrder
from gateway.session.board import Board
from gateway.session.memory import MemoryStore
from gateway.session.ticket import SessionCipher


def board(key: bytes = b"k" * 32, *earlier: bytes, store: MemoryStore | None = None) -> Board:
    cipher = SessionCipher("ti", (key, *earlier))
    return Board(store or MemoryStore(), lambda: cipher, time.time)


async def test_what_the_store_lost_comes_back(tmp_path: Path) -> None:
    here, taken = board(), list[bytes]()
    order = SharedOrder(
        "x", here, lambda each, _: taken.append(each), tmp_path / "copy.json", lambda: {"x_open": [1]}
    )
    await order.start()
    await order.look(await here.orders())
    assert (order.revision, taken) == (0, [])
    await here.change("x", lambda _: b'"first"')
    await order.look(await here.orders())
    assert taken == [b'"first"']
    assert order.report() == {"x": 1, "x_open": [1]}
    empty = board()
    again = SharedOrder("x", empty, lambda each, _: taken.append(each), tmp_path / "copy.json")
    await again.start()
    assert taken[-1] == b'"first"'
    await again.look(await empty.orders())
    assert empty.read("x", (await empty.orders())["x"]).content == b'"first"'


async def test_what_no_key_opens_is_an_error(tmp_path: Path) -> None:
    store = MemoryStore()
    await board(b"o" * 32, store=store).change("x", lambda _: b'"first"')
    here = board(store=store)
    order = SharedOrder("x", here, lambda _, __: None, tmp_path / "copy.json")
    await order.start()
    with pytest.raises(ValueError, match="cannot be opened"):
        await order.look(await here.orders())


async def test_where_an_order_comes_from_is_named(tmp_path: Path) -> None:
    here, places = board(), list[str]()
    await here.change("x", lambda _: b'"first"')
    copy = tmp_path / "copy.json"
    order = SharedOrder("x", here, lambda _, place: places.append(place), copy)
    await order.look(await here.orders())
    again = SharedOrder("x", here, lambda _, place: places.append(place), copy)
    await again.start()
    assert places == ["what the session store has", str(copy)]


@pytest.mark.parametrize("earlier", [(b"k" * 32,), ()], ids=["beside the earlier one", "in its place"])
async def test_a_changed_key_is_no_loss_of_the_store(tmp_path: Path, earlier: tuple[bytes, ...]) -> None:
    store = MemoryStore()
    before, copy = board(store=store), tmp_path / "copy.json"
    await before.change("blocks", lambda _: b'"first"')
    order = SharedOrder("blocks", before, lambda _, __: None, copy)
    await order.look(await before.orders())
    here = board(b"n" * 32, *earlier, store=store)
    order = SharedOrder("blocks", here, lambda _, __: None, copy)
    await order.start()
    with capture_logs() as logs:
        await order.look(await here.orders())
        await order.look(await here.orders())
    words = "the shared blocks are sealed under another key too"
    assert logs == [{"event": words, "revision": 1, "log_level": "info"}]
    assert here.read("blocks", (await here.orders())["blocks"]).whole
    assert before.read("blocks", (await before.orders())["blocks"]).content == b'"first"'


@pytest.mark.parametrize("lost", [None, b"garbage"])
async def test_what_the_store_lost_is_said_once(tmp_path: Path, lost: bytes | None) -> None:
    here = board()
    await here.change("blocks", lambda _: b'"first"')
    order = SharedOrder("blocks", here, lambda _, __: None, tmp_path / "copy.json")
    stored = await here.orders()
    await order.look(stored)
    emptied = MemoryStore()
    if lost is not None:
        await emptied.put_entry("orders", "blocks", lost, until=math.inf)
    order = SharedOrder("blocks", board(store=emptied), lambda _, __: None, tmp_path / "copy.json")
    await order.start()
    with capture_logs() as logs:
        await order.look(await board(store=emptied).orders())
        await order.look(await board(store=emptied).orders())
    words = "the session store got the shared blocks again"
    assert logs == [{"event": words, "revision": 1, "log_level": "warning"}]
