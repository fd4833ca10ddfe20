"""One task per key, shared by all who ask for it meanwhile."""

from __future__ import annotations

import asyncio
import gc

import pytest

from gateway.caching.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Work:
    """Counts its runs, and goes on when the test says so."""

    def __init__(self) -> None:
        self.runs = 0
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self) -> int:
        self.runs += 1
        self.started.set()
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return self.runs


@pytest.fixture
def flight() -> SingleFlight[str, int]:
    return SingleFlight()


async def test_all_who_ask_meanwhile_get_one_result(flight: SingleFlight[str, int]) -> None:
    work, other = Work(), Work()
    tasks = [asyncio.create_task(flight.run("a", work)) for _ in range(5)]
    apart = asyncio.create_task(flight.run("b", other))
    await work.started.wait()
    work.go_on.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    other.go_on.set()
    assert await apart == 1
    assert await flight.run("a", work) == 2


async def test_a_caller_that_goes_away_leaves_the_work_to_the_others(flight: SingleFlight[str, int]) -> None:
    work = Work()
    first, second = (asyncio.create_task(flight.run("a", work)) for _ in range(2))
    await work.started.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    work.go_on.set()
    assert await second == 1


async def test_a_failure_is_raised_to_all_and_not_kept(flight: SingleFlight[str, int]) -> None:
    work = Work()
    work.failure = ValueError("no")
    work.go_on.set()
    found = await asyncio.gather(*(flight.run("a", work) for _ in range(3)), return_exceptions=True)
    assert found == [work.failure] * 3
    work.failure = None
    assert await flight.run("a", work) == 2


async def test_a_failure_that_nobody_waits_for_is_no_noise(flight: SingleFlight[str, int]) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    work = Work()
    work.failure = ValueError("no")
    caller = asyncio.create_task(flight.run("a", work))
    await work.started.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    work.go_on.set()
    await flight.wait()
    gc.collect()
    assert complaints == []


async def test_closing_waits_or_cancels(flight: SingleFlight[str, int]) -> None:
    work = Work()
    caller = asyncio.create_task(flight.run("a", work))
    await work.started.wait()
    waiting = asyncio.create_task(flight.wait())
    work.go_on.set()
    await waiting
    assert await caller == 1
    stuck = Work()
    caller = asyncio.create_task(flight.run("a", stuck))
    await stuck.started.wait()
    await flight.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await flight.cancel()
