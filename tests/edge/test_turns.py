"""A few requests begin in each round of the loop, and clients take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.edge.turns import Turns


def test_a_few_begin_at_once_in_each_round() -> None:
    turns = Turns()
    assert [turns.take(1.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert turns.take(2.0)


async def test_clients_take_turns_and_four_begin_in_a_round() -> None:
    turns, loop = Turns(), asyncio.get_running_loop()
    begun: list[tuple[int, str]] = []
    rounds = 0

    def beginning(who: str) -> Callable[[], bool]:
        def begin() -> bool:
            begun.append((rounds, who))
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


async def test_four_begin_in_a_round_also_where_each_brings_the_next() -> None:
    turns, loop = Turns(), asyncio.get_running_loop()
    begun: list[int] = []
    rounds = 0

    def begin() -> bool:
        begun.append(rounds)
        if len(begun) < 40:
            turns.wait("flood", begin, loop)
        return True

    turns.wait("flood", begin, loop)
    while len(begun) < 40:
        rounds += 1
        await asyncio.sleep(0)
    assert max(begun.count(each) for each in range(rounds + 1)) == 4
