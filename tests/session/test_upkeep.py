"""What is written behind the requests, and that a store that is down is only logged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import structlog

from gateway.errors import StoreUnavailable
from gateway.session.memory import MemoryStore
from gateway.session.sealed import SealedSessions
from gateway.session.upkeep import Upkeep
from tests.session.conftest import Clock
from tests.session.test_sealed import opened, settings

pytestmark = pytest.mark.anyio


class Store(MemoryStore):
    """A store that can be down, and says when it was swept."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.swept = asyncio.Event()

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("down")

    async def touch(self, key: bytes, seen_at: float) -> None:
        self._check()
        await super().touch(key, seen_at)

    async def delete(self, key: bytes) -> bool:
        self._check()
        return await super().delete(key)

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        self.swept.set()
        self._check()
        return await super().sweep(expired_before=expired_before, idle_before=idle_before)


async def test_uses_expiries_and_the_sweep_reach_the_store(tmp_path: Path, clock: Clock) -> None:
    store = Store()
    stored = SealedSessions(settings(tmp_path), "ti", clock=clock, store=store)
    await stored.start()
    upkeep = Upkeep(stored, clock=clock)
    used, gone, idle = (opened(stored, text, clock.now) for text in "abc")
    for each in (used, gone, idle):
        await stored.write(each)
    upkeep.touch(used.ticket, clock.now + 50)
    upkeep.forget(gone.ticket)
    await upkeep.settle()
    assert len(await store.find()) == 2
    clock.now += 61
    upkeep.start_sweeping()
    await store.swept.wait()
    await upkeep.aclose()
    (left,) = await store.find()
    assert (left.key, left.seen_at) == (used.ticket.key, clock.now - 11)


async def test_a_store_that_is_down_is_logged(tmp_path: Path, clock: Clock) -> None:
    store = Store()
    stored = SealedSessions(settings(tmp_path), "ti", clock=clock, store=store)
    await stored.start()
    upkeep = Upkeep(stored, clock=clock)
    store.down = True
    with structlog.testing.capture_logs() as logs:
        upkeep.touch(stored.ticket("a" * 43), clock.now)
        upkeep.forget(stored.ticket("a" * 43))
        upkeep.start_sweeping()
        await store.swept.wait()
        await upkeep.aclose()
    assert {each["event"] for each in logs} == {
        "the use of a session could not be stored",
        "an ended session was not removed",
        "expired sessions were not removed",
    }
