"""Loops beside the requests: nothing that a turn raises ends them, and operators see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog

from gateway.background import Loop
from gateway.events import Event, LoopFailed, LoopWorks
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


class Work:
    """What a loop does: one answer after the other, an exception to raise or None."""

    def __init__(self) -> None:
        self.answers: list[BaseException | None] = []
        self.turns: list[bool] = []

    async def __call__(self, asked: bool) -> None:
        self.turns.append(asked)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
async def loop(work: Work, seen: list[Event]) -> AsyncIterator[Loop]:
    found = Loop("work", work, pause=60.0, on_event=seen.append)
    found.start()
    yield found
    await found.aclose()


async def turn(loop: Loop, work: Work) -> None:
    count = len(work.turns)
    loop.soon()
    await eventually(lambda: len(work.turns) > count)
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "problem",
    [
        ValueError("x"),
        RecursionError(),
        MemoryError(),
        SystemExit(0),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
    ],
)
async def test_nothing_that_a_turn_raises_ends_the_loop(
    loop: Loop, work: Work, seen: list[Event], problem: BaseException
) -> None:
    work.answers = [problem, None]
    await turn(loop, work)
    await eventually(lambda: seen == [LoopFailed("work", repr(problem))])
    await turn(loop, work)
    await eventually(lambda: seen[1:] == [LoopWorks("work")])


async def test_each_kind_of_failure_is_logged_once_until_a_turn_succeeds(loop: Loop, work: Work) -> None:
    work.answers = [ValueError("1"), KeyError("2"), ValueError("3"), None, ValueError("4")]
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            await turn(loop, work)
    said = [(each["log_level"], each.get("error")) for each in logs]
    assert said == [
        ("error", "ValueError('1')"), ("error", "KeyError('2')"), ("info", None), ("error", "ValueError('4')"),
    ]  # fmt: skip


async def test_a_turn_that_hangs_is_reported_and_closing_ends_it(seen: list[Event]) -> None:
    async def hang(_asked: bool) -> None:
        await asyncio.Event().wait()

    loop = Loop("work", hang, pause=60.0, on_event=seen.append, patience=0.02)
    loop.start(at_once=True)
    await eventually(lambda: seen == [LoopFailed("work", "one turn takes longer than 0.02 s")])
    await loop.aclose()


async def test_turns_come_by_themselves_and_when_they_are_asked_for(work: Work) -> None:
    loop = Loop("work", work, pause=0.01)
    loop.start(at_once=True)
    await eventually(lambda: len(work.turns) >= 3)
    loop.pause = 60.0
    await eventually(lambda: len(work.turns) >= 4)
    await turn(loop, work)
    assert (work.turns[0], work.turns[-1]) == (False, True)
    await loop.aclose()
    await loop.aclose()


async def test_a_log_that_cannot_be_written_ends_no_loop(loop: Loop, work: Work) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    work.answers = [ValueError("x"), None]
    before = structlog.get_config()
    structlog.configure(processors=[full])
    try:
        for _ in range(3):
            await turn(loop, work)
    finally:
        structlog.configure(**before)
