"""What `/readyz` says about loops beside the requests."""

from __future__ import annotations

import pytest

from gateway.events import LoopFailed, LoopWorks
from gateway.observe.health import HealthStatus
from gateway.observe.loops import FailingLoops

pytestmark = pytest.mark.anyio


async def test_loops_that_fail_are_named_until_they_work_again() -> None:
    loops = FailingLoops()
    for event in (LoopFailed("rules", "OSError()"), LoopFailed("sweep", "a"), LoopFailed("sweep", "b")):
        loops.on_event(event)
    assert await loops.check() == HealthStatus(True, "rules: OSError(); sweep: b", degraded=True)
    loops.on_event(LoopWorks("rules"))
    loops.on_event(LoopWorks("sweep"))
    assert await loops.check() == HealthStatus(True, "")
