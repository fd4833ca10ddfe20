"""Answers of fact sources that nobody asked."""

from __future__ import annotations

from gateway.policy.assumed import assumed_answers
from tests.policy.conftest import given, person, rule_set


def test_answers_are_assumed_to_be_favourable() -> None:
    rules = rule_set(("a", "/a", [{"rate": {"limit": 5, "window": "60s"}}]), ("b", "/b", ["anyone"]))
    (answer,) = assumed_answers(rules, given("/a", identity=person())).values()
    assert answer == {"within": True}
    assert assumed_answers(rules, given("/b")) == {}
