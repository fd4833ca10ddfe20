"""One kind of shared orders: taken from the board, put back where it lost them, and reported."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.reload.shared_order import SharedOrder
from gateway.session.board import Board
from gateway.session.memory import MemoryStore
from gateway.session.ticket import SessionCipher


def board(key: bytes = b"k" * 32, store: MemoryStore | None = None) -> Board:
    cipher = SessionCipher("ti", (key,))
    return Board(store or MemoryStore(), lambda: cipher, time.time)


async def test_what_the_store_lost_comes_back(tmp_path: Path) -> None:
    here, taken = board(), list[bytes]()
    order = SharedOrder("x", here, taken.append, tmp_path / "copy.json", lambda: {"x_open": [1]})
    await order.start()
    await order.look(await here.orders())
    assert (order.revision, taken) == (0, [])
    await here.change("x", lambda _: b'"first"')
    await order.look(await here.orders())
    assert taken == [b'"first"']
    assert order.report() == {"x": 1, "x_open": [1]}
    empty = board()
    again = SharedOrder("x", empty, taken.append, tmp_path / "copy.json")
    await again.start()
    assert taken[-1] == b'"first"'
    await again.look(await empty.orders())
    assert empty.read("x", (await empty.orders())["x"]).content == b'"first"'


async def test_what_no_key_opens_is_an_error(tmp_path: Path) -> None:
    store = MemoryStore()
    await board(b"o" * 32, store).change("x", lambda _: b'"first"')
    here = board(store=store)
    order = SharedOrder("x", here, lambda _: None, tmp_path / "copy.json")
    await order.start()
    with pytest.raises(ValueError, match="cannot be opened"):
        await order.look(await here.orders())
