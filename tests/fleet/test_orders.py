"""Orders in a running process: carried out soon, reported, and never lost with the store."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from gateway.blocks.block_list import BLOCKS, Block
from gateway.blocks.blocks import Blocks
from gateway.blocks.settings import BlockSettings
from gateway.errors import StoreUnavailable
from gateway.events import Event, SessionEnded
from gateway.fleet.orders import Orders, revoked
from gateway.model import Identity
from gateway.session.board import Board
from gateway.session.memory import MemoryStore
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.ticket import SessionCipher
from tests.waiting import eventually

pytestmark = pytest.mark.anyio
ANNA = Identity("https://acm/op", "anna")
BLOCK = Block("b-1", "person", "anna", "r", "zoe", 0.0)
KEY, OTHER = b"k" * 32, b"o" * 32


class Process:
    """The orders of one process, on a store that outlives it."""

    def __init__(self, store: MemoryStore, folder: Path) -> None:
        self.seen: list[Event] = []
        settings = SessionSettings.model_validate(
            {"store": "memory:", "key": "env:ORDERS_KEY", "cache_ttl": "5m"}
        )
        self.sessions = Sessions(
            settings, environment="ti", secure=False, clock=time.time, store=store, on_event=self.seen.append
        )
        self.blocks = Blocks(
            BlockSettings(look_every=0.1), folder / "blocks.json", environment="ti",
            keys=lambda: (), names=lambda _keys: lambda identity: {"k": identity.subject}, clock=time.time,
            on_event=self.seen.append,
        )  # fmt: skip
        self.orders = Orders(
            self.sessions, self.blocks, copy=folder / "copy.json", look_every=0.02, clock=time.time,
            steady=time.monotonic,
        )  # fmt: skip

    def blocked(self) -> bool:
        return self.blocks.of(ANNA, 1.0) is not None


Running = Callable[[], contextlib.AbstractAsyncContextManager[Process]]


class Lasting(MemoryStore):
    async def aclose(self) -> None:
        """The store goes on."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    monkeypatch.setenv("ORDERS_KEY", KEY.decode())
    return Lasting()


@pytest.fixture
def running(store: MemoryStore, tmp_path: Path) -> Running:
    @contextlib.asynccontextmanager
    async def run() -> AsyncIterator[Process]:
        process = Process(store, tmp_path)
        await process.sessions.start(sweep=False)
        await process.orders.start()
        await process.blocks.start()
        try:
            yield process
        finally:
            for part in (process.blocks, process.orders, process.sessions):
                await part.aclose()

    return run


def operator(store: MemoryStore, *keys: bytes) -> Board:
    cipher = SessionCipher("ti", keys or (KEY,))
    return Board(store, lambda: cipher, time.time)


async def put(board: Board, *blocks: Block) -> int:
    return (await board.change(BLOCKS.name, lambda _content: BLOCKS.text(blocks, "ti"))).revision


async def test_blocks_come_into_force_and_are_reported(store: MemoryStore, running: Running) -> None:
    async with running() as process:
        board = operator(store)
        (name,) = await board.reports()
        revision = await put(board, BLOCK)
        await eventually(process.blocked)
        assert (
            await process.orders.check()
        ).detail == "current: revision 1 of the session store, 1 known here"
        while (await board.reports())[name]["blocks"] != revision:
            await asyncio.sleep(0.01)
        await put(board)
        await eventually(lambda: not process.blocked())
    assert await board.reports() == {}


async def test_ended_sessions_are_forgotten_at_once(store: MemoryStore, running: Running) -> None:
    async with running() as process:
        session, ticket = await process.sessions.create(ANNA)
        (kept,) = await process.sessions.find()
        await store.delete(kept.key)
        assert process.sessions.open_cached(ticket) is not None
        await operator(store).order("revoked:1", json.dumps([session.id]).encode(), seconds=60.0)
        await eventually(lambda: process.sessions.open_cached(ticket) is None)
        assert process.seen.count(SessionEnded(session.id)) == 1


async def test_the_store_is_told_what_was_ended_elsewhere(
    store: MemoryStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bytes] = []

    async def ended(keys: Sequence[bytes]) -> None:
        told.extend(keys)

    monkeypatch.setattr(store, "ended", ended)
    async with running() as process:
        session, ticket = await process.sessions.create(ANNA)
        (kept,) = await process.sessions.find()
        await operator(store).order("revoked:1", revoked([kept.key]), seconds=60.0)
        await eventually(lambda: told == [kept.key])
        assert process.sessions.open_cached(ticket) is None
        assert [each for each in process.seen if isinstance(each, SessionEnded)] == [SessionEnded(session.id)]


async def test_blocks_are_current_where_a_store_can_only_be_read(
    store: MemoryStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    async with running() as process:
        monkeypatch.setattr("gateway.fleet.orders._LATE", 0.0)
        monkeypatch.setattr("gateway.fleet.orders._REPORT_EVERY", 0.0)
        monkeypatch.setattr(store, "put_entry", full)
        await eventually(lambda: process.orders._unheard)
        await put(process.sessions.board, BLOCK)
        await eventually(process.blocked)
        await asyncio.sleep(0.1)
        found = await process.orders.check()
        assert (found.ready, found.degraded) == (True, True)
        assert found.detail.startswith(
            "current: revision 1 of the session store, 1 known here; it cannot be reported: "
        )
        assert "the disk is full" in found.detail
        monkeypatch.undo()
        await eventually(lambda: not process.orders._unheard)


async def test_a_store_that_lost_the_blocks_gets_them_again(store: MemoryStore, running: Running) -> None:
    board = operator(store)
    async with running() as process:
        await put(board, BLOCK)
        await eventually(process.blocked)
        older = (await board.orders())[BLOCKS.name]
        await put(board, BLOCK, Block("b-2", "person", "bert", "r", "zoe", 0.0))
        await eventually(lambda: len(process.blocks.known) == 2)
        for lost in (None, older):
            await store.drop_entry("orders", BLOCKS.name)
            if lost is not None:
                await store.put_entry("orders", BLOCKS.name, lost, until=math.inf)
            while board.read(BLOCKS.name, (await board.orders()).get(BLOCKS.name, older)).revision != 2:
                await asyncio.sleep(0.01)
            assert process.blocked()
    # Everything stopped, and the store is empty when it begins again.
    await store.drop_entry("orders", BLOCKS.name)
    async with running() as process:
        assert process.blocked()
        assert board.read(BLOCKS.name, (await board.orders())[BLOCKS.name]).revision == 2


async def test_a_key_that_is_replaced_loses_no_block(
    store: MemoryStore, running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = operator(store)
    async with running() as process:
        await put(board, BLOCK)
        await eventually((tmp_path / "copy.json").exists)
        assert process.blocked()
    monkeypatch.setenv("ORDERS_KEY", OTHER.decode())
    async with running() as process:
        assert process.blocked()
        # The operator's command has the new key too.
        await put(operator(store, OTHER))
        await eventually(lambda: not process.blocked())


@pytest.mark.parametrize("garbage", [b"[" * 200_000, b"\xff"])
async def test_garbage_is_replaced_by_what_is_in_force(
    store: MemoryStore, running: Running, garbage: bytes
) -> None:
    board = operator(store)
    async with running() as process:
        await put(board, BLOCK)
        await eventually(process.blocked)
        await store.put_entry("orders", BLOCKS.name, garbage, until=math.inf)
        while (await board.orders())[BLOCKS.name] == garbage:
            await asyncio.sleep(0.01)
        assert board.read(BLOCKS.name, (await board.orders())[BLOCKS.name]).revision == 1
        assert process.blocked()


async def test_blocks_that_make_no_sense_lift_none(store: MemoryStore, running: Running) -> None:
    board = operator(store)
    async with running() as process:
        await put(board, BLOCK)
        await eventually(process.blocked)
        await board.change(BLOCKS.name, lambda _content: b"[" * 200_000)
        while (await process.orders.check()).detail.startswith("current"):
            await asyncio.sleep(0.01)
        assert process.blocked()
        await put(board)
        await eventually(lambda: not process.blocked())
        while not (await process.orders.check()).detail.startswith("current: revision 3 "):
            await asyncio.sleep(0.01)


async def test_it_does_not_start_with_blocks_it_cannot_read(store: MemoryStore, running: Running) -> None:
    await operator(store, OTHER).change(BLOCKS.name, lambda _content: b"{}")
    with pytest.raises(ValueError, match="previous_keys"):
        async with running():
            pass
