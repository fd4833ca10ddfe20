"""Coroutines that wait for a change."""

from __future__ import annotations

import asyncio

import pytest

from gateway.edge.waiting import Waiting


async def waiters(waiting: Waiting, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(waiting.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_all_who_wait_go_on() -> None:
    async def main() -> None:
        waiting = Waiting(asyncio.get_running_loop())
        waiting.wake()  # nobody waits: nothing is remembered
        tasks = await waiters(waiting, 3)
        assert not any(task.done() for task in tasks)
        waiting.wake()
        waiting.wake()
        await asyncio.gather(*tasks)
        [later] = await waiters(waiting, 1)
        assert not later.done()
        waiting.wake()
        await later

    asyncio.run(main())


def test_one_who_gives_up_is_forgotten() -> None:
    async def main() -> None:
        waiting = Waiting(asyncio.get_running_loop())
        first, second = await waiters(waiting, 2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        waiting.wake()
        await second
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await waiting.wait()
        waiting.wake()

    asyncio.run(main())


def test_one_who_gives_up_as_it_is_woken_breaks_nothing() -> None:
    async def main() -> None:
        waiting = Waiting(asyncio.get_running_loop())
        first, second = await waiters(waiting, 2)
        first.cancel()
        waiting.wake()
        await second
        assert (await asyncio.gather(first, return_exceptions=True))[0] is not None

    asyncio.run(main())
