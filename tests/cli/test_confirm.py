"""Which running processes have carried out an order."""

from __future__ import annotations

import asyncio

import pytest
import typer

from gateway.cli.confirm import Confirmation, conclude, confirmation
from gateway.errors import StoreUnavailable
from gateway.session.board import Board
from gateway.session.memory import MemoryStore
from gateway.session.ticket import SessionCipher
from tests.session.conftest import Clock

HERE = {"host": "one", "pid": 1}


def board(store: MemoryStore, clock: Clock, key: bytes = b"k" * 32) -> Board:
    cipher = SessionCipher("ti", (key,))
    return Board(store, lambda: cipher, clock)


async def ask(found: Board, clock: Clock, patience: float = 0.0) -> Confirmation:
    return await confirmation(
        found, lambda report: report.get("blocks", 0) >= 2, patience=patience, clock=clock
    )


async def test_each_running_process_counts() -> None:
    clock, store = Clock(), MemoryStore()
    found = board(store, clock)
    assert await ask(found, clock) == Confirmation({}, {})
    done, late = {**HERE, "at": clock.now, "blocks": 2}, {**HERE, "at": clock.now, "blocks": 1}
    await found.report("one:1:a", done, seconds=30.0)
    await found.report("one:2:b", late, seconds=30.0)
    await board(store, clock, b"o" * 32).report("two:3:c", done, seconds=30.0)
    confirmed = await ask(found, clock)
    assert confirmed == Confirmation({"one:1:a": done}, {"one:2:b": late, "two:3:c": {}})
    assert confirmed.words() == "1 of 3 workers (?, one) confirmed"


@pytest.mark.parametrize("stops", [True, False])
async def test_a_process_that_stops_is_not_missed_but_one_that_dies_is(*, stops: bool) -> None:
    clock = Clock()
    found = board(MemoryStore(), clock)
    await found.report("one:1:a", {**HERE, "at": clock.now, "blocks": 1}, seconds=30.0)
    asking = asyncio.create_task(ask(found, clock, patience=0.3))
    await asyncio.sleep(0)
    if stops:
        await found.withdraw("one:1:a")
    else:
        clock.now += 31.0
    assert ("one:1:a" in (await asking).missing) is not stops


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_store_that_fails_meanwhile_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    clock, store = Clock(), MemoryStore()
    found = board(store, clock)
    done = {**HERE, "at": clock.now, "blocks": 2}
    await found.report("one:1:a", done, seconds=30.0)

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(store, "entries", down)
        assert await ask(found, clock) == Confirmation({}, {}, "no answer")
        asking = asyncio.create_task(ask(found, clock, patience=0.3))
        await asyncio.sleep(0.05)
        if not comes_back:
            assert await asking == Confirmation({}, {}, "no answer")
    if comes_back:
        assert await asking == Confirmation({"one:1:a": done}, {})


@pytest.mark.parametrize(
    ("confirmed", "code", "words"),
    [
        (Confirmation({}, {}, "no answer"), 3, "which workers know it is not known: no answer"),
        (Confirmation({"one:1:a": HERE}, {}), None, "1 of 1 worker (one) confirmed"),
        (Confirmation({}, {}), 3, "NOT CONFIRMED: start a gateway"),
        (
            Confirmation({"one:1:a": HERE}, {"one:2:b": {**HERE, "pid": 2, "at": 0.0}}),
            3,
            "worker 2 on one, last heard",
        ),
        (Confirmation({}, {"two:3:c": {}}), 3, "two:3, whose session keys are other ones"),
    ],
)
def test_only_all_of_them_are_enough(
    capsys: pytest.CaptureFixture[str], confirmed: Confirmation, code: int | None, words: str
) -> None:
    ended = None
    try:
        conclude(confirmed, waited=True)
    except typer.Exit as stopped:
        ended = stopped.exit_code
    said = capsys.readouterr()
    assert ended == code
    assert words in said.out + said.err
    conclude(confirmed, waited=False)
