"""A candidate that fails, or that needs what was not gathered, is never noticed by a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.events import Event, ShadowJudged
from gateway.model import Decision, DecisionInput
from gateway.plugin import Allow, Deny, Facts, Policy, Verdict
from gateway.policy.candidate import Candidate
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, compile_rules
from tests.policy.conftest import with_handling


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
def candidate(events: list[Event]) -> Candidate:
    return Candidate(events.append)


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
def test_only_another_verdict_is_a_difference(
    candidate: Candidate, how: str, allowed: bool, differs: bool
) -> None:
    candidate.rules = rules(how)
    found = candidate.judge(GIVEN, Decision(allowed, "active", "r"))
    assert (found is not None) is differs
    assert found is None or found.allowed is not allowed


def test_a_candidate_that_cannot_judge_is_not_noticed(candidate: Candidate, events: list[Event]) -> None:
    assert candidate.judge(GIVEN, Decision(True, "active", "r")) is None
    candidate.rules = replace(rules("no"), tree=None)
    assert candidate.judge(GIVEN, Decision(True, "active", "r")) is None
    assert events == [ShadowJudged("unknown")]


def test_each_judgement_is_published(candidate: Candidate, events: list[Event]) -> None:
    candidate.rules = rules("no")
    candidate.judge(GIVEN, Decision(True, "active", "r"))
    candidate.judge(GIVEN, Decision(False, "active", "r"))
    candidate.rules = rules("yes")
    candidate.judge(GIVEN, Decision(False, "active", "r"))
    assert events == [
        ShadowJudged("differs", "r", "newly_denied"),
        ShadowJudged("same"),
        ShadowJudged("differs", "r", "newly_allowed"),
    ]


def test_a_request_that_would_go_elsewhere_is_a_difference(candidate: Candidate, events: list[Event]) -> None:
    candidate.rules = with_handling(rules("yes"), r={"upstream": "reports"})
    assert candidate.judge(GIVEN, Decision(True, "r", "allowed")) is not None
    assert events[-1] == ShadowJudged("differs", "r", "elsewhere")
