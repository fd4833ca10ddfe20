"""Requests begin for a millisecond in each round of the loop, and clients take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.edge.turns import Turns


class Clock:
    """A steady clock by which the fourth request of a round begins within its time, and the fifth does not."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    def request(self) -> None:
        self.now += 0.0003


def test_requests_begin_at_once_for_a_millisecond_in_each_round() -> None:
    clock = Clock()
    turns = Turns(steady=clock)

    def begun(now: float) -> bool:
        if taken := turns.take(now):
            clock.request()
        return taken

    assert [begun(1.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert [begun(2.0) for _ in range(6)] == [True] * 4 + [False] * 2


def test_one_begins_in_a_round_however_long_it_takes() -> None:
    clock = Clock()
    turns = Turns(steady=clock)
    for now in (1.0, 2.0, 3.0):
        assert turns.take(now)
        clock.now += 0.3
        assert not turns.take(now)


async def test_clients_take_turns_and_begin_for_a_millisecond_in_a_round() -> None:
    clock = Clock()
    turns, loop = Turns(steady=clock), asyncio.get_running_loop()
    begun: list[tuple[int, str]] = []
    rounds = 0

    def beginning(who: str) -> Callable[[], bool]:
        def begin() -> bool:
            begun.append((rounds, who))
            clock.request()
            return True

        return begin

    for number in range(9):
        turns.wait("flood", beginning(f"flood {number}"), loop)
    turns.wait("bystander", beginning("bystander"), loop)
    assert not turns.take(5.0)
    while len(begun) < 10:
        rounds += 1
        await asyncio.sleep(0)
    assert [who for _, who in begun[:3]] == ["flood 0", "bystander", "flood 1"]
    assert [each for each, _ in begun] == [begun[0][0]] * 4 + [begun[4][0]] * 4 + [begun[8][0]] * 2
    assert begun[0][0] < begun[4][0] < begun[8][0]
    assert turns.take(6.0)


async def test_connections_that_are_gone_take_no_turn() -> None:
    clock = Clock()
    turns, loop = Turns(steady=clock), asyncio.get_running_loop()
    begun = asyncio.Event()

    def begin() -> bool:
        begun.set()
        return True

    def gone() -> bool:
        clock.request()
        return False

    for _ in range(1_000):
        turns.wait("flood", gone, loop)
    turns.wait("flood", begin, loop)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert begun.is_set()


async def test_a_round_ends_also_where_each_brings_the_next() -> None:
    clock = Clock()
    turns, loop = Turns(steady=clock), asyncio.get_running_loop()
    begun: list[int] = []
    rounds = 0

    def begin() -> bool:
        begun.append(rounds)
        clock.request()
        if len(begun) < 40:
            turns.wait("flood", begin, loop)
        return True

    turns.wait("flood", begin, loop)
    while len(begun) < 40:
        rounds += 1
        await asyncio.sleep(0)
    assert max(begun.count(each) for each in range(rounds + 1)) == 4
