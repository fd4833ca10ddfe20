"""The file of the candidate rules is followed; a broken one is reported and never noticed by a request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.events import CandidateChanged, Event
from gateway.observe.health import HealthStatus
from gateway.policy.candidate import Candidate
from gateway.policy.ruleset import compile_rules
from gateway.reload import shadow
from gateway.reload.shadow import ShadowReload
from tests.gateways import settings, write_config


async def test_a_file_that_the_candidate_includes_anew_may_change_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
        upstream_url="http://localhost:3",
    )  # fmt: skip
    path = write_config(tmp_path, {"ti": environment}, rules=[{"include": "rules/*.yaml"}])
    reads: list[Path] = []

    def write(name: str) -> None:
        rule = f"{{id: {name}, match: {{path: /x}}, require: [anyone]}}"
        (folder / "a.yaml").write_text(f"rules: [{rule}]\n")

    def read(path: Path) -> Config:
        found = load(path)
        reads.append(path)
        if len(reads) == 1:
            write("last")
        return found

    write("first")
    monkeypatch.setattr(shadow, "load", read)
    candidate = Candidate(lambda _: None)
    watching = ShadowReload(candidate, lambda: path, "ti", on_event=lambda _: None)
    await watching.start()
    async with asyncio.timeout(30):
        while candidate.rules is None or candidate.rules.rules[0].id != "last":
            await asyncio.sleep(0.02)
    await watching.aclose()


async def test_the_candidate_follows_the_path_in_force(tmp_path: Path) -> None:
    events: list[Event] = []
    candidate = Candidate(events.append)
    wanted: list[Path | None] = [None]
    broken = tmp_path / "candidate.yaml"
    broken.write_text("rules: [")
    following = ShadowReload(candidate, lambda: wanted[0], "ti", on_event=events.append)
    await following.start()
    assert await following.check() == HealthStatus(True, "")
    wanted[0] = broken
    async with asyncio.timeout(30):
        while "nothing is compared" not in (await following.check()).detail:
            await asyncio.sleep(0.02)
    wanted[0] = None
    candidate.rules = compile_rules([], {})
    async with asyncio.timeout(30):
        while not events:
            await asyncio.sleep(0.02)
    assert events == [CandidateChanged(None)]
    assert await following.check() == HealthStatus(True, "")
    await following.aclose()
