"""A candidate that fails, or that needs what was not gathered, is never noticed by a request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Decision, DecisionInput
from gateway.observe.metrics import Metrics
from gateway.plugin import Allow, Deny, Facts, Policy, Verdict
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
def shadow() -> Shadow:
    events: list[Any] = []
    metrics = Metrics("ti", version="1")
    return Shadow(lambda: Path("x"), "ti", metrics=metrics, changed=lambda: None, told=events.append)


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


def test_a_candidate_that_cannot_judge_is_not_noticed(shadow: Shadow) -> None:
    assert shadow.judge(GIVEN, Decision(True, "active", "r")) is None
    shadow.rules = replace(rules("no"), tree=None)
    assert shadow.judge(GIVEN, Decision(True, "active", "r")) is None
