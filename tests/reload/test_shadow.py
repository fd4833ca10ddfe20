"""A candidate that fails, or that needs what was not gathered, is never noticed by a request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.events import CandidateChanged, Event, ShadowJudged
from gateway.model import Decision, DecisionInput
from gateway.observe.health import HealthStatus
from gateway.plugin.contract import Allow, Deny, Facts, Policy, Verdict
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, compile_rules
from gateway.reload.shadow import Shadow


class Holds(Policy, name="holds"):
    """Holds, does not hold, or breaks."""

    how: str
    """yes, no or breaks."""

    def decide(self, facts: Facts) -> Verdict:
        if self.how == "breaks":
            raise RuntimeError("broken")
        return Allow() if self.how == "yes" else Deny("no")


GIVEN = DecisionInput("GET", "register.test", "/x", ("x",), "192.0.2.1", 0.0)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def shadow(events: list[Event]) -> Shadow:
    return Shadow(lambda: Path("x"), "ti", on_event=events.append)


def rules(how: str) -> Any:
    return compile_rules([Rule("r", parse_pattern("/x"), None, None, (Holds(how=how),))], {})


@pytest.mark.parametrize(
    ("how", "allowed", "differs"),
    [
        ("yes", True, False),
        ("no", False, False),
        ("yes", False, True),
        ("no", True, True),
        ("breaks", True, True),
        ("breaks", False, False),
    ],
)
def test_only_another_verdict_is_a_difference(shadow: Shadow, how: str, allowed: bool, differs: bool) -> None:
    shadow.rules = rules(how)
    found = shadow.judge(GIVEN, Decision(allowed, "active", "r"))
    assert (found is not None) is differs
    assert found is None or found.allowed is not allowed


def test_a_candidate_that_cannot_judge_is_not_noticed(shadow: Shadow, events: list[Event]) -> None:
    assert shadow.judge(GIVEN, Decision(True, "active", "r")) is None
    shadow.rules = replace(rules("no"), tree=None)
    assert shadow.judge(GIVEN, Decision(True, "active", "r")) is None
    assert events == [ShadowJudged("unknown")]


def test_each_judgement_is_published(shadow: Shadow, events: list[Event]) -> None:
    shadow.rules = rules("no")
    shadow.judge(GIVEN, Decision(True, "active", "r"))
    shadow.judge(GIVEN, Decision(False, "active", "r"))
    shadow.rules = rules("yes")
    shadow.judge(GIVEN, Decision(False, "active", "r"))
    assert events == [
        ShadowJudged("differs", "r", "newly_denied"),
        ShadowJudged("same"),
        ShadowJudged("differs", "r", "newly_allowed"),
    ]


async def test_the_candidate_follows_the_path_in_force(tmp_path: Path, events: list[Event]) -> None:
    wanted: list[Path | None] = [None]
    broken = tmp_path / "candidate.yaml"
    broken.write_text("rules: [")
    shadow = Shadow(lambda: wanted[0], "ti", on_event=events.append)
    await shadow.start()
    assert await shadow.check() == HealthStatus(True, "")
    wanted[0] = broken
    async with asyncio.timeout(10):
        while "nothing is compared" not in (await shadow.check()).detail:
            await asyncio.sleep(0.02)
    wanted[0] = None
    shadow.rules = rules("yes")
    async with asyncio.timeout(10):
        while not events:
            await asyncio.sleep(0.02)
    assert events == [CandidateChanged(None)]
    assert await shadow.check() == HealthStatus(True, "")
    await shadow.aclose()
