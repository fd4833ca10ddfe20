"""The file of the candidate rules is followed; a broken one is reported and never noticed by a request."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.events import CandidateChanged, Event
from gateway.observe.health import HealthStatus
from gateway.policy.candidate import Candidate
from gateway.policy.ruleset import compile_rules
from gateway.reload.shadow import ShadowReload


async def test_the_candidate_follows_the_path_in_force(tmp_path: Path) -> None:
    events: list[Event] = []
    candidate = Candidate(events.append)
    wanted: list[Path | None] = [None]
    broken = tmp_path / "candidate.yaml"
    broken.write_text("rules: [")
    shadow = ShadowReload(candidate, lambda: wanted[0], "ti", on_event=events.append)
    await shadow.start()
    assert await shadow.check() == HealthStatus(True, "")
    wanted[0] = broken
    async with asyncio.timeout(30):
        while "nothing is compared" not in (await shadow.check()).detail:
            await asyncio.sleep(0.02)
    wanted[0] = None
    candidate.rules = compile_rules([], {})
    async with asyncio.timeout(30):
        while not events:
            await asyncio.sleep(0.02)
    assert events == [CandidateChanged(None)]
    assert await shadow.check() == HealthStatus(True, "")
    await shadow.aclose()
