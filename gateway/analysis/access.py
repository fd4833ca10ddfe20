"""Decides what of all that rules are about is open to one person, rule by rule, without any request.

Pure: the same person, rules and moment give the same answer. It decides with the code that decides requests, on one
path for each way in which rules tell paths apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.analysis.equivalence import changing_moments
from gateway.analysis.path_partition import Region, regions
from gateway.analysis.path_variables import compared_places, identity_texts, template_values
from gateway.analysis.rule_inputs import Looks, supposed_facts
from gateway.http_semantics import METHODS
from gateway.model import Alternatives, Decision, DecisionInput, Identity, Missing, Reach
from gateway.policy.evaluate import decide
from gateway.policy.pattern import Literal, Pattern, Variable
from gateway.policy.ruleset import Rule, RuleSet

_DAYS: Final = 8


@dataclass(frozen=True, slots=True)
class _Tried:
    """One path of a rule and what came of it; `own` are the places where something of the person stands."""

    decision: Decision
    given: DecisionInput
    own: Mapping[int, str]

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """The most useful to tell first: what is open, then where least is missing; for all paths where that is so."""
        missing = min((len(alternative) for alternative in self.decision.alternatives), default=99)
        return not self.decision.allowed, missing, bool(self.own)


def reach(rules: RuleSet, identity: Identity, *, host: str, client: str, now: float) -> tuple[Reach, ...]:
    """What each rule decides for this person, in the order of the rules; rules that never decide are left out.

    `now` is in seconds since the epoch. Where a policy asks somebody else, the most favourable answer is supposed.
    """
    found: dict[str, list[_Tried]] = {}
    for given, own in _requests(rules, DecisionInput("", host, "", (), client, now, identity)):
        decision = decide(rules, given)
        if decision.rule is not None:
            found.setdefault(decision.rule, []).append(_Tried(decision, given, own))
    return tuple(
        _told(rules, rule, min(found[rule.id], key=lambda tried: tried.rank))
        for rule in rules.rules
        if rule.id in found
    )


def _requests(rules: RuleSet, given: DecisionInput) -> Iterator[tuple[DecisionInput, dict[int, str]]]:
    compared = compared_places(rules.rules)
    values = template_values(rules.rules, identity_texts(given.identity))
    seen: set[tuple[Any, ...]] = set()
    for region in regions([rule.pattern for rule in rules.rules], values, compared):
        own = {
            place: text for place, text in enumerate(region.segments) if place in compared and text in values
        }
        key = (region.matching, *own.items())
        if key in seen:
            continue
        seen.add(key)
        for method in _methods(rules, region):
            asked = replace(given, method=method, path=region.path, segments=region.segments)
            yield replace(asked, facts=supposed_facts(rules, asked)), own


def _methods(rules: RuleSet, region: Region) -> tuple[str, ...]:
    if all(rules.rules[number].methods is None for number in region.matching):
        return METHODS[:1]
    return METHODS


def _told(rules: RuleSet, rule: Rule, tried: _Tried) -> Reach:
    pattern, decision = _held(rule.pattern, tried.own), tried.decision
    looks = Looks(rule)
    return Reach(
        rule=rule.id,
        path=pattern.text,
        decision=replace(
            decision, alternatives=_without_examples(decision.alternatives, rule.pattern, tried)
        ),
        methods=tuple(method for method in METHODS if rule.methods is not None and method in rule.methods),
        label=rule.label,
        until=_until(rules, tried.given, looks) if decision.allowed else None,
        checked_again=bool(looks.rule.asking),
    )


def _held(pattern: Pattern, own: Mapping[int, str]) -> Pattern:
    if pattern.expression is not None:
        return pattern
    parts = tuple(
        Literal(own[place]) if place in own and isinstance(part, Variable) else part
        for place, part in enumerate(pattern.parts)
    )
    words = [part.text if isinstance(part, Literal) else f"{{{part.name}}}" for part in parts]
    return Pattern("/" + "/".join([*words, "**"] if pattern.rest else words), parts, pattern.rest)


def _without_examples(alternatives: Alternatives, pattern: Pattern, tried: _Tried) -> Alternatives:
    """The ways without the made-up text that stood in the path: nobody can switch to that organisation."""
    variables = pattern.match(tried.given.segments) or {}
    made_up = {text for text in variables.values() if text not in tried.own.values()}
    return tuple(tuple(_unnamed(missing, made_up) for missing in alternative) for alternative in alternatives)


def _unnamed(missing: Missing, made_up: set[str]) -> Missing:
    if missing.organisation is not None and any(text in missing.organisation for text in made_up):
        return replace(missing, organisation=None)
    return missing


def _until(rules: RuleSet, given: DecisionInput, looks: Looks) -> float | None:
    """The first moment at which it is closed again; None where that is not within a week."""
    moments: Sequence[float] = sorted(changing_moments(looks.samples.moments, given.now, _DAYS))
    for moment in moments:
        if moment > given.now and not decide(rules, replace(given, now=moment)).allowed:
            return moment
    return None
