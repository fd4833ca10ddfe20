"""Decides what one rule looks at, and whether two rules certainly decide alike. It knows nothing of comparing sets."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any, Final

from gateway.analysis.equivalence import Cell, Dimension, facts
from gateway.analysis.path_partition import Region
from gateway.analysis.path_variables import templates
from gateway.analysis.suite_settings import NOON
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput
from gateway.plugin.contract import Policy
from gateway.plugin.distinctions import Distinctions, joined
from gateway.policy.evaluate import decide, questions
from gateway.policy.pattern import Pattern, Variable
from gateway.policy.ruleset import Rule, RuleSet, compile_rules, walk

_CLIENT: Final = "127.0.0.1"


class Looks:
    """One rule and what it looks at."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        parts = list(walk(rule.require))
        silent = [policy for policy in parts if policy.samples() is None]
        asking = [policy for policy in rule.asking if (said := policy.samples()) is not None and said.asks]
        self.unsaid: str | None = None
        if silent:
            self.unsaid = (
                f"policy {silent[-1].policy_name!r} of rule {rule.id!r} does not say what it looks at"
            )
        elif asking:
            self.unsaid = (
                f"what policy {asking[-1].policy_name!r} of rule {rule.id!r} is told cannot be known here"
            )
        elif rule.pattern.expression is not None:
            self.unsaid = f"rule {rule.id!r} has a regular expression, of which one path stands for all"
        known = [samples for policy in parts if (samples := policy.samples()) is not None]
        self.samples = joined(known) or Distinctions()
        self._written = json.dumps([policy.written() for policy in rule.require], sort_keys=True)
        self._templates = [each for policy in rule.require for each in templates(policy)]
        self._alone = compile_rules([rule], {})

    def rendered(self, region: Region, shown: Pattern) -> dict[str, str]:
        """The texts that its templates give for the path of a region, and how to say them where `shown` is shown."""
        variables = self.rule.pattern.match(region.segments)
        if not self._templates or variables is None:
            return {}
        called = dict(variables) | {
            part.name: f"{{{seen.name}}}" if isinstance(seen, Variable) else seen.text
            for part, seen in zip(self.rule.pattern.parts, shown.parts, strict=False)
            if isinstance(part, Variable)
        }
        return {template.render(variables): template.render(called) for template in self._templates}

    def question(self, region: Region, shown: Pattern) -> tuple[Any, ...]:
        """What it asks of people in a region; equal questions of one comparison have equal answers."""
        return id(self.rule) if self.unsaid else self._written, tuple(self.rendered(region, shown).items())

    def alike(self, other: Looks) -> bool:
        """Whether the other rule, where it decides the same request, decides it in the same way for certain."""
        return (
            self._written == other._written
            and self.samples == other.samples
            and self._used() == other._used()
            and all(
                _same_code(type(mine), type(theirs))
                for mine, theirs in zip(walk(self.rule.require), walk(other.rule.require), strict=True)
            )
        )

    def allows(self, region: Region, logged_in: bool, cells: Sequence[tuple[Dimension, Cell]]) -> bool:
        """Whether this rule allows a request of the region to somebody of this class."""
        method = next(iter(self.rule.methods or ()), METHODS[0])
        host = next(iter(self.rule.hosts or ()), "")
        given = DecisionInput(method, host, region.path, region.segments, _CLIENT, NOON.timestamp())
        return decide(self._alone, facts(given, logged_in, cells)).allowed

    def _used(self) -> dict[str, int]:
        if self.rule.pattern.expression is not None:
            return {self.rule.pattern.text: 0}
        names = {name for template in self._templates for _, name in template.parts if name is not None}
        return {
            part.name: place
            for place, part in enumerate(self.rule.pattern.parts)
            if isinstance(part, Variable) and part.name in names
        }


def supposed_facts(rules: RuleSet, given: DecisionInput) -> dict[str, Any]:
    """The most favourable answers to what must be asked elsewhere before this request can be decided, by name."""
    asked = {question.name for question in questions(rules, given)}
    found: dict[str, Any] = {}
    for rule in rules.rules:
        for policy in rule.asking if asked else ():
            for name, value in (policy.samples() or Distinctions()).sources:
                if name in asked:
                    found.setdefault(name, value)
    return found


def _same_code(mine: type[Policy], theirs: type[Policy]) -> bool:
    if mine is theirs:
        return True
    try:
        return inspect.getsource(mine) == inspect.getsource(theirs)
    except (OSError, TypeError):
        return False
