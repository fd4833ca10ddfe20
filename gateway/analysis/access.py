"""What one person may access, rule by rule, without any request.

Pure. It calls the code that decides requests, once for each class of paths that the rules distinguish.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.analysis.path_partition import PathClass, partition, pattern_of
from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.model import Decision, DecisionInput, Identity
from gateway.plan import Advice, Grant, RuleAccess, Step, Switch
from gateway.policy.advice import advise_by
from gateway.policy.assumed import assumed_answers
from gateway.policy.evaluate import decide, decide_by
from gateway.policy.moments import changing_moments
from gateway.policy.pattern import Literal, Pattern, Variable
from gateway.policy.ruleset import Rule, RuleSet, methods_of, templates, walk

_DAYS: Final = 8


@dataclass(frozen=True, slots=True)
class _Tried:
    """A decision about one example path; `own` holds the positions that contain a code of the person."""

    decision: Decision
    decision_input: DecisionInput
    own: Mapping[int, str]

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """Sorts the most useful first: allowed, then least missing, then valid for all paths."""
        missing = min((len(alternative) for alternative in self.decision.alternatives), default=99)
        return not self.decision.allowed, missing, bool(self.own)


class _AskedRule:
    """One rule with what its decision depends on, and the most useful decision of it so far."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.best: _Tried | None = None
        known = [policy.distinctions() for policy in walk(rule.require)]
        self.declared = None not in known
        self.moments = tuple(moment for found in known if found is not None for moment in found.moments)
        self._uniform = (
            self.declared
            and not rule.asking
            and rule.pattern.expression is None
            and not any(name is not None for each in templates(rule.require) for _, name in each.parts)
        )

    def settled(self, own: Mapping[int, str]) -> bool:
        """Whether another path with these codes of the person cannot give a more useful decision."""
        if self.best is None:
            return False
        return (not self.best.own and (self._uniform or self.best.decision.allowed)) or (
            self._uniform and bool(own)
        )

    def take(self, tried: _Tried) -> None:
        """Keep the most useful decision, the first one of several."""
        if self.best is None or tried.rank < self.best.rank:
            self.best = tried


def access_of(
    rules: RuleSet, identity: Identity, *, host: str, client: str, now: float
) -> tuple[RuleAccess, ...]:
    """What each rule decides for this person, in the order of the rules; without rules that never decide, or that only
    redirect.

    `now` is in seconds since the epoch. Fact sources are assumed to give the most favourable answer.
    """
    asked = [_AskedRule(rule) for rule in rules.rules]
    person = DecisionInput("", host, "", (), client, now, identity)
    values = template_values(rules.rules, identity_texts(identity))
    methods = methods_of(rules.rules)
    for path_class, own in _path_classes(rules, values):
        for method, number in _deciding(asked, path_class, host, methods):
            if asked[number].settled(own):
                continue
            tried = person._replace(method=method, path=path_class.path, segments=path_class.segments)
            if rules.asks_sources:
                tried = tried._replace(facts=assumed_answers(rules, tried))
            asked[number].take(_Tried(decide_by(rules.rules[number], tried), tried, own))
    return tuple(
        _rule_access(rules, each, each.best)
        for each in asked
        if each.best is not None and each.rule.handling.redirect is None
    )


def _path_classes(rules: RuleSet, values: Collection[str]) -> Iterator[tuple[PathClass, dict[int, str]]]:
    """The classes of paths that differ for the rules or in codes of the person: those are in the second value."""
    compared = compared_positions(rules.rules)
    seen: set[tuple[Any, ...]] = set()
    for path_class in partition([rule.pattern for rule in rules.rules], values, compared):
        own = {
            position: text
            for position, text in enumerate(path_class.segments)
            if position in compared and text in values
        }
        key = (path_class.matching, *own.items())
        if key not in seen:
            seen.add(key)
            yield path_class, own


def _deciding(
    asked: Sequence[_AskedRule], path_class: PathClass, host: str, methods: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """A method for each rule that decides on these paths, with the number of that rule.

    Every method is tried with a rule whose policies do not say what they look at.
    """
    matching = [number for number in path_class.matching if asked[number].rule.at_host(host)]
    left = methods
    for number in matching:
        rule, declared = asked[number].rule, asked[number].declared
        mine = left if rule.methods is None else tuple(method for method in left if method in rule.methods)
        for method in mine[:1] if declared else mine:
            yield method, number
        if rule.opening is None:
            left = tuple(method for method in left if method not in mine)
        if not left:
            return


def _rule_access(rules: RuleSet, asked: _AskedRule, tried: _Tried) -> RuleAccess:
    rule = asked.rule
    pattern, decision = _with_own_codes(rule.pattern, tried.own), tried.decision
    advice = Advice()
    if not decision.allowed:
        # A policy that raises where it is asked about steps leaves the rule without advice.
        with contextlib.suppress(Exception):
            found = advise_by(rule, rules, tried.decision_input, decision)
            advice = _without_examples(found, rule.pattern, tried)
    return RuleAccess(
        rule=rule.id,
        path=pattern.text,
        decision=decision,
        advice=advice,
        methods=tuple(
            method for method in methods_of([rule]) if rule.methods is not None and method in rule.methods
        ),
        label=rule.label,
        until=_until(rules, tried.decision_input, asked.moments) if decision.allowed else None,
        checked_again=bool(rule.asking),
    )


def _with_own_codes(pattern: Pattern, own: Mapping[int, str]) -> Pattern:
    if pattern.expression is not None:
        return pattern
    parts = tuple(
        Literal(own[position]) if position in own and isinstance(part, Variable) else part
        for position, part in enumerate(pattern.parts)
    )
    return pattern_of(parts, rest=pattern.rest)


def _without_examples(advice: Advice, pattern: Pattern, tried: _Tried) -> Advice:
    """Without the made-up values of the example path: nobody can act for such an organisation."""
    variables = pattern.match(tried.decision_input.segments) or {}
    made_up = {text for text in variables.values() if text not in tried.own.values()}
    if not made_up:
        return advice
    plans = (tuple(_without_example(step, made_up) for step in plan) for plan in advice.plans)
    return replace(advice, plans=tuple(plans))


def _without_example(step: Step, made_up: set[str]) -> Step:
    if not isinstance(step, Grant | Switch) or step.organisation is None:
        return step
    if not any(text in step.organisation for text in made_up):
        return step
    if isinstance(step, Switch):
        return replace(step, organisation=None)
    return replace(step, organisation=None, missing=replace(step.missing, organisation=None))


def _until(rules: RuleSet, decision_input: DecisionInput, moments: Sequence[float]) -> float | None:
    """The first moment at which it is denied again; None where that is not within a week."""
    for moment in sorted(changing_moments(moments, decision_input.now, _DAYS)):
        if not decide(rules, decision_input._replace(now=moment)).allowed:
            return moment
    return None
