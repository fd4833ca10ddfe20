"""Some requests begin in each round of the loop, and clients take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.edge.turns import ClientTurns, Turns


class Clock:
    """A steady clock that only moves when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def rounds_of(turns: Turns, clock: Clock, seconds: float, rounds: int) -> list[int]:
    """How many requests begin in each of so many rounds with more than enough, if each takes so many seconds."""
    begun = []
    for number in range(1, rounds + 1):
        begun.append(0)
        while turns.take(float(number)):
            begun[-1] += 1
            clock.now += seconds
    return begun


def test_a_round_ends_with_the_request_that_takes_long() -> None:
    clock = Clock()
    assert set(rounds_of(Turns(steady=clock), clock, 0.3, 20)) == {1}
    assert set(rounds_of(Turns(steady=clock), clock, 0.0006, 20)) == {2}


@pytest.mark.parametrize(("microseconds", "most"), [(250, 5), (100, 11), (70, 15), (10, 32)])
def test_a_round_takes_about_a_millisecond(microseconds: int, most: int) -> None:
    clock = Clock()
    begun = rounds_of(Turns(steady=clock), clock, microseconds / 1e6, 60)
    assert begun[0] in (4, 5)
    assert set(begun[-10:]) <= set(range(most - 2, most + 1))


def test_a_new_connection_makes_rounds_short_for_a_while() -> None:
    clock = Clock()
    turns = Turns(steady=clock)
    assert rounds_of(turns, clock, 1e-5, 60)[-1] == 32
    turns.shorten()
    assert rounds_of(turns, clock, 1e-5, 20) == [4] * 16 + [32] * 4


async def test_clients_take_turns_and_four_begin_in_a_round() -> None:
    clock = Clock()
    turns, loop = Turns(steady=clock), asyncio.get_running_loop()
    begun: list[tuple[int, str]] = []
    rounds = 0

    def beginning(who: str) -> Callable[[], bool]:
        def begin() -> bool:
            begun.append((rounds, who))
            clock.now += 1e-4
            return True

        return begin

    turns.shorten()
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
    turns, loop = Turns(), asyncio.get_running_loop()
    begun = asyncio.Event()

    def begin() -> bool:
        begun.set()
        return True

    for _ in range(1_000):
        turns.wait("flood", lambda: False, loop)
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
        clock.now += 1e-4
        if len(begun) < 40:
            turns.wait("flood", begin, loop)
        return True

    turns.shorten()
    turns.wait("flood", begin, loop)
    while len(begun) < 40:
        rounds += 1
        await asyncio.sleep(0)
    assert max(begun.count(each) for each in range(rounds + 1)) == 4


async def in_turn(turns: Turns, clock: Clock, *, begin_takes: float, later: float, count: int) -> list[int]:
    """How many begin in each round of those that wait, where each takes so many seconds in its turn and after it."""
    loop = asyncio.get_running_loop()
    begun: list[int] = []
    rounds = 0

    def go_on() -> None:
        clock.now += later

    def begin() -> bool:
        begun.append(rounds)
        clock.now += begin_takes
        loop.call_soon(go_on)
        return True

    for _ in range(count):
        turns.wait("flood", begin, loop)
    while len(begun) < count:
        rounds += 1
        await asyncio.sleep(0)
    return [begun.count(each) for each in sorted(set(begun))]


async def test_one_of_those_that_wait_begins_in_a_round_where_each_takes_long() -> None:
    clock = Clock()
    assert set(await in_turn(Turns(steady=clock), clock, begin_takes=0.3, later=0.0, count=20)) == {1}


async def test_what_they_do_after_their_turn_counts_too() -> None:
    clock = Clock()
    begun = await in_turn(Turns(steady=clock), clock, begin_takes=1e-5, later=0.004, count=40)
    assert max(begun) <= 4
    assert set(begun[3:]) == {1}
    clock = Clock()
    begun = await in_turn(Turns(steady=clock), clock, begin_takes=1e-5, later=2e-4, count=60)
    assert set(begun[3:-1]) <= {3, 4, 5}


async def test_what_has_begun_goes_on_while_a_round_lasts_and_nobody_waits() -> None:
    clock, loop = Clock(), asyncio.get_running_loop()
    turns = Turns(steady=clock)
    of_client = ClientTurns(turns, "client", loop)
    assert turns.has_time(1.0)
    clock.now += 0.0009
    assert turns.has_time(1.0)
    clock.now += 0.0002
    assert not turns.has_time(1.0)
    assert turns.has_time(2.0)
    assert not of_client.contended
    begun: list[bool] = []
    of_client.wait(lambda: bool(begun.append(True)))
    assert of_client.contended
    assert not turns.has_time(3.0)
    assert not of_client.has_time()
    await asyncio.sleep(0)
    assert begun == [True]
    assert not of_client.contended
    assert turns.has_time(4.0)
    assert of_client.has_time()
