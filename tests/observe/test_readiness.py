"""What a process says about whether it can serve, and when that changes."""

from __future__ import annotations

import asyncio

import pytest

from gateway.events import CheckChanged, Event
from gateway.observe.health import HealthStatus
from gateway.observe.metrics import Metrics
from gateway.observe.readiness import Readiness
from tests.waiting import eventually


class Dependency:
    def __init__(self) -> None:
        self.status = HealthStatus(True, "fine")
        self.problem: Exception | None = None
        self.hangs = False

    async def check(self) -> HealthStatus:
        if self.hangs:
            await asyncio.Event().wait()
        if self.problem is not None:
            raise self.problem
        return self.status


@pytest.fixture
def parts() -> dict[str, Dependency]:
    return {"serving": Dependency(), "store": Dependency()}


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def readiness(parts: dict[str, Dependency], events: list[Event]) -> Readiness:
    checks = {name: each.check for name, each in parts.items()}
    return Readiness(checks, vital=("serving",), timeout=0.05, look_every=0.01, on_event=events.append)


@pytest.mark.anyio
async def test_only_a_vital_check_makes_it_unready(
    readiness: Readiness, parts: dict[str, Dependency]
) -> None:
    parts["store"].status = parts["serving"].status = HealthStatus(False, "gone")
    assert await readiness.look() == {
        "serving": HealthStatus(False, "gone"),
        "store": HealthStatus(True, "gone", degraded=True),
    }


@pytest.mark.anyio
async def test_a_check_that_fails_or_hangs_shows_no_secret(
    readiness: Readiness, parts: dict[str, Dependency]
) -> None:
    parts["store"].problem = ConnectionError("redis://:geheim@host")
    parts["serving"].hangs = True
    assert await readiness.look() == {
        "serving": HealthStatus(False, "no answer in time"),
        "store": HealthStatus(True, "failed: ConnectionError", degraded=True),
    }


@pytest.mark.anyio
async def test_it_looks_by_itself_and_publishes_changes_once(
    readiness: Readiness, parts: dict[str, Dependency], events: list[Event]
) -> None:
    store, looks = parts["store"], 0

    async def check() -> HealthStatus:
        nonlocal looks
        looks += 1
        return store.status

    readiness._checks["store"] = check
    await readiness.start()
    for status in (
        HealthStatus(True, "fine"),
        HealthStatus(True, "slow", degraded=True),
        HealthStatus(True, "slower", degraded=True),
        HealthStatus(True),
    ):
        store.status, seen = status, looks
        await eventually(lambda seen=seen: looks > seen + 1)  # type: ignore[misc]
    await readiness.aclose()
    assert [each for each in events if isinstance(each, CheckChanged) and each.check == "store"] == [
        CheckChanged("store", ready=True, degraded=False),
        CheckChanged("store", ready=True, degraded=True),
        CheckChanged("store", ready=True, degraded=False),
    ]


def test_the_metrics_say_it() -> None:
    metrics = Metrics("ti", version="1")
    metrics.on_event(CheckChanged("store", ready=True, degraded=True))
    text = metrics.exposition()[0].decode()
    assert 'toegangspoort_degraded{check="store"} 1.0' in text
    assert 'toegangspoort_ready{check="store"} 1.0' in text
