"""What the decision of one rule depends on, and whether two rules certainly decide the same."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any

from gateway.analysis.equivalence import CLIENT, NOON, Cell, Dimension, input_of_class
from gateway.analysis.path_partition import PathClass
from gateway.handling import Destination
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput
from gateway.plugin import Distinctions, Policy, combine
from gateway.policy.evaluate import decide
from gateway.policy.pattern import Pattern, Variable
from gateway.policy.ruleset import Rule, compile_rules, templates, walk


class RuleInputs:
    """What a rule depends on. `inexact` says why a comparison may be incomplete; None where it is not."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        parts = list(walk(rule.require))
        silent = [policy for policy in parts if policy.distinctions() is None]
        asking = [
            policy for policy in rule.asking if (found := policy.distinctions()) is not None and found.asks
        ]
        self.inexact: str | None = None
        if silent:
            self.inexact = (
                f"policy {silent[-1].policy_name!r} of rule {rule.id!r} does not say what it looks at"
            )
        elif asking:
            self.inexact = f"the answers that policy {asking[-1].policy_name!r} of rule {rule.id!r} gets cannot be known here"
        elif rule.pattern.expression is not None:
            self.inexact = (
                f"rule {rule.id!r} has a regular expression, for which only example paths are compared"
            )
        known = [found for policy in parts if (found := policy.distinctions()) is not None]
        self.distinctions = combine(known) or Distinctions()
        self._written = json.dumps([policy.to_data() for policy in rule.require], sort_keys=True)
        self._templates = [each for policy in rule.require for each in templates(policy)]
        self._alone = compile_rules([rule], {})

    def rendered(self, path_class: PathClass, shown: Pattern) -> dict[str, str]:
        """The values of its templates for the example path, each with its description in terms of the pattern `shown`."""
        variables = self.rule.pattern.match(path_class.segments)
        if not self._templates or variables is None:
            return {}
        described = dict(variables) | {
            part.name: f"{{{seen.name}}}" if isinstance(seen, Variable) else seen.text
            for part, seen in zip(self.rule.pattern.parts, shown.parts, strict=False)
            if isinstance(part, Variable)
        }
        return {template.render(variables): template.render(described) for template in self._templates}

    def key(self, path_class: PathClass, shown: Pattern) -> tuple[Any, ...]:
        """A key for what the rule asks of people on these paths: in one comparison, equal keys have equal verdicts."""
        return (
            id(self.rule) if self.inexact else self._written,
            tuple(self.rendered(path_class, shown).items()),
            self.rule.handling.destination,
        )

    def alike(self, other: RuleInputs) -> bool:
        """Whether both rules certainly decide every request the same, and send it to the same place."""
        return (
            self.rule.handling.destination == other.rule.handling.destination
            and self._written == other._written
            and self.distinctions == other.distinctions
            and self._used() == other._used()
            and all(
                _same_code(type(mine), type(theirs))
                for mine, theirs in zip(walk(self.rule.require), walk(other.rule.require), strict=True)
            )
        )

    def goes(
        self, path_class: PathClass, logged_in: bool, cells: Sequence[tuple[Dimension, Cell]]
    ) -> Destination | None:
        """Where this rule sends a request for one of these paths by a person of this class; None: it is denied."""
        method = next(iter(self.rule.methods or ()), METHODS[0])
        host = next(iter(self.rule.hosts or ()), "")
        decision_input = DecisionInput(
            method, host, path_class.path, path_class.segments, CLIENT, NOON.timestamp()
        )
        return decide(self._alone, input_of_class(decision_input, logged_in, cells)).destination

    def _used(self) -> dict[str, int]:
        if self.rule.pattern.expression is not None:
            return {self.rule.pattern.text: 0}
        names = {name for template in self._templates for _, name in template.parts if name is not None}
        return {
            part.name: place
            for place, part in enumerate(self.rule.pattern.parts)
            if isinstance(part, Variable) and part.name in names
        }


def _same_code(mine: type[Policy], theirs: type[Policy]) -> bool:
    if mine is theirs:
        return True
    try:
        return inspect.getsource(mine) == inspect.getsource(theirs)
    except (OSError, TypeError):
        return False
