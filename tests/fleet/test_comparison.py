"""What one worker finds out about the others, its clock, and a store that lost everything."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.events import Event, FleetSeen
from gateway.fleet.comparison import CLOCK, Fleet, difference_words, fleet_differences, fleet_report
from gateway.observe.metrics import Metrics
from gateway.session.memory import MemoryStore
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings

OWN = fleet_report("0" * 64, "p1", "s1")


class Timed(MemoryStore):
    """A store with a clock."""

    async def time(self) -> float:
        return time.time()


class Place:
    """One worker's view of a store; `ahead` moves its clock, `later` its steady one."""

    def __init__(self) -> None:
        self.store = Timed()
        self.events: list[Event] = []
        self.later = self.ahead = 0.0
        settings = SessionSettings.model_validate({"store": "memory:", "key": "env:FLEET_KEY"})
        self.sessions = Sessions(settings, environment="ti", secure=False, clock=time.time, store=self.store)
        self.fleet = Fleet(
            self.sessions, lambda: OWN, clock=lambda: time.time() + self.ahead, steady=lambda: self.later,
            on_event=self.events.append,
        )  # fmt: skip

    async def reports(self, name: str, **content: Any) -> None:
        await self.sessions.board.report(name, {"host": name, "pid": 1, **content}, seconds=60.0)


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("FLEET_KEY", "k" * 32)
    found = Place()
    await found.sessions.start(sweep=False)
    await found.sessions.board.serve()
    yield found
    await found.sessions.aclose()


@pytest.mark.anyio
async def test_others_may_differ_for_a_minute(place: Place) -> None:
    await place.reports("a", **OWN)
    await place.reports("b", **{**OWN, "rules": "1" * 13})
    await place.fleet.look()
    found = await place.fleet.check()
    words = "rules differ: 0000000000000 on a; 1111111111111 on b"
    assert (found.ready, found.detail, found.degraded) == (True, words, False)
    place.later = 60.0
    await place.fleet.look()
    assert (await place.fleet.check()).degraded
    await place.reports("b", **OWN)
    await place.fleet.look()
    assert await place.fleet.check() == type(found)(True)
    assert isinstance(place.events[-1], FleetSeen)
    assert place.events[-1].workers == 2


@pytest.mark.anyio
@pytest.mark.parametrize(("ahead", "words"), [(90.0, "90 s ahead of"), (-90.0, "90 s behind"), (2.0, "")])
async def test_a_clock_that_differs_is_reported(place: Place, ahead: float, words: str) -> None:
    assert CLOCK not in place.fleet.about()
    place.ahead = ahead
    await place.fleet.look()
    found = await place.fleet.check_clock()
    assert found.degraded == bool(words)
    assert words in found.detail
    assert place.fleet.about() == {**OWN, CLOCK: pytest.approx(ahead, abs=0.3)}


@pytest.mark.anyio
async def test_a_store_that_lost_everything_is_noticed_once(place: Place) -> None:
    await place.fleet.look()
    place.store._entries.clear()
    await place.fleet.look()
    await place.fleet.look()
    seen = [each.store_lost for each in place.events if isinstance(each, FleetSeen)]
    assert seen == [False, True, False]


def test_only_what_is_reported_is_compared() -> None:
    assert fleet_differences([{"host": "old"}, {"host": "a", **OWN}, {"host": "b", **OWN}]) == {}
    found = fleet_differences([{"host": "a", **OWN}, {"host": "b", **OWN, "version": "2", "settings": "s2"}])
    assert [line.partition(" ")[0] for line in difference_words(found)] == ["version", "settings"]
    found = fleet_differences([{"host": "a", **OWN}, {"host": "b", **OWN, "policies": "none"}])
    assert difference_words(found) == ["policies differ: none on b; p1 on a"]


def test_the_metrics_say_it() -> None:
    metrics = Metrics("ti", version="1")
    metrics.on_event(FleetSeen(4, -2.5, store_lost=True))
    text = metrics.exposition()[0].decode()
    for line in ("fleet_workers 4.0", "clock_ahead_seconds -2.5", "store_lost_total 1.0"):
        assert f"toegangspoort_{line}" in text
