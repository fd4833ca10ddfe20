"""What one person may access, rule by rule, without any request.

Pure. It calls the code that decides requests, once for each class of paths that the rules distinguish.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.analysis.equivalence import changing_moments
from gateway.analysis.path_partition import PathClass, partition, pattern_of
from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.analysis.rule_inputs import RuleInputs, assumed_answers
from gateway.http_semantics import METHODS
from gateway.model import Alternatives, Decision, DecisionInput, Identity, Missing, RuleAccess
from gateway.policy.evaluate import decide
from gateway.policy.pattern import Literal, Pattern, Variable
from gateway.policy.ruleset import Rule, RuleSet

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


def access_of(
    rules: RuleSet, identity: Identity, *, host: str, client: str, now: float
) -> tuple[RuleAccess, ...]:
    """What each rule decides for this person, in the order of the rules; without rules that never decide.

    `now` is in seconds since the epoch. Fact sources are assumed to give the most favourable answer.
    """
    found: dict[str, list[_Tried]] = {}
    for decision_input, own in _requests(rules, DecisionInput("", host, "", (), client, now, identity)):
        decision = decide(rules, decision_input)
        if decision.rule is not None:
            found.setdefault(decision.rule, []).append(_Tried(decision, decision_input, own))
    return tuple(
        _rule_access(rules, rule, min(found[rule.id], key=lambda tried: tried.rank))
        for rule in rules.rules
        if rule.id in found
    )


def _requests(
    rules: RuleSet, decision_input: DecisionInput
) -> Iterator[tuple[DecisionInput, dict[int, str]]]:
    compared = compared_positions(rules.rules)
    values = template_values(rules.rules, identity_texts(decision_input.identity))
    seen: set[tuple[Any, ...]] = set()
    for path_class in partition([rule.pattern for rule in rules.rules], values, compared):
        own = {
            position: text
            for position, text in enumerate(path_class.segments)
            if position in compared and text in values
        }
        key = (path_class.matching, *own.items())
        if key in seen:
            continue
        seen.add(key)
        for method in _methods(rules, path_class):
            asked = replace(decision_input, method=method, path=path_class.path, segments=path_class.segments)
            yield replace(asked, facts=assumed_answers(rules, asked)), own


def _methods(rules: RuleSet, path_class: PathClass) -> tuple[str, ...]:
    if all(rules.rules[number].methods is None for number in path_class.matching):
        return METHODS[:1]
    return METHODS


def _rule_access(rules: RuleSet, rule: Rule, tried: _Tried) -> RuleAccess:
    pattern, decision = _with_own_codes(rule.pattern, tried.own), tried.decision
    inputs = RuleInputs(rule)
    return RuleAccess(
        rule=rule.id,
        path=pattern.text,
        decision=replace(
            decision, alternatives=_without_examples(decision.alternatives, rule.pattern, tried)
        ),
        methods=tuple(method for method in METHODS if rule.methods is not None and method in rule.methods),
        label=rule.label,
        until=_until(rules, tried.decision_input, inputs) if decision.allowed else None,
        checked_again=bool(inputs.rule.asking),
    )


def _with_own_codes(pattern: Pattern, own: Mapping[int, str]) -> Pattern:
    if pattern.expression is not None:
        return pattern
    parts = tuple(
        Literal(own[position]) if position in own and isinstance(part, Variable) else part
        for position, part in enumerate(pattern.parts)
    )
    return pattern_of(parts, rest=pattern.rest)


def _without_examples(alternatives: Alternatives, pattern: Pattern, tried: _Tried) -> Alternatives:
    """Removes the made-up example values from what is missing: nobody can switch to such an organisation."""
    variables = pattern.match(tried.decision_input.segments) or {}
    made_up = {text for text in variables.values() if text not in tried.own.values()}
    return tuple(
        tuple(_without_example(missing, made_up) for missing in alternative) for alternative in alternatives
    )


def _without_example(missing: Missing, made_up: set[str]) -> Missing:
    if missing.organisation is not None and any(text in missing.organisation for text in made_up):
        return replace(missing, organisation=None)
    return missing


def _until(rules: RuleSet, decision_input: DecisionInput, inputs: RuleInputs) -> float | None:
    """The first moment at which it is denied again; None where that is not within a week."""
    moments: Sequence[float] = sorted(
        changing_moments(inputs.distinctions.moments, decision_input.now, _DAYS)
    )
    for moment in moments:
        if moment > decision_input.now and not decide(rules, replace(decision_input, now=moment)).allowed:
            return moment
    return None
