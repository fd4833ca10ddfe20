"""Answers of fact sources that nobody has asked: the most favourable ones."""

from __future__ import annotations

from typing import Any

from gateway.model import DecisionInput
from gateway.plugin import Distinctions
from gateway.policy.evaluate import questions
from gateway.policy.ruleset import RuleSet


def assumed_answers(rules: RuleSet, decision_input: DecisionInput) -> dict[str, Any]:
    """The most favourable answers, by name, to the questions that this request asks of fact sources."""
    asked = {question.name for question in questions(rules, decision_input)}
    found: dict[str, Any] = {}
    if not asked:
        return found
    for rule in rules.rules:
        for policy in rule.asking:
            for name, value in (policy.distinctions() or Distinctions()).sources:
                if name in asked:
                    found.setdefault(name, value)
    return found
