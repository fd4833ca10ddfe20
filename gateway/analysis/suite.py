"""Runs tests (requests with an expected outcome) and invariants (requests that must never be allowed) on a rule set."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from gateway.analysis.equivalence import CLIENT, NOON, Dimension, dimensions, input_in_circumstances
from gateway.analysis.path_partition import partition
from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.analysis.rule_inputs import RuleInputs
from gateway.http_semantics import METHODS
from gateway.model import Decision, DecisionInput, Identity, Missing
from gateway.plugin.discovery import READING
from gateway.policy.evaluate import decide
from gateway.policy.pattern import Pattern
from gateway.policy.ruleset import RuleSet

# Where a test was written: file, line and column.
Where = tuple[str, int, int]
_MOST_WITNESSES: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its expected outcome; what is None is not checked."""

    title: str
    where: Where
    decision_input: DecisionInput
    expect: Literal["allow", "deny", "redirect"]
    rule: str | None = None
    reason: str | None = None
    missing: frozenset[str] | None = None
    upstream: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Invariant:
    """Requests that must never be allowed to `identity`: every path of the pattern, each of the methods.

    Where `client` or `now` is None, every value that a rule distinguishes is tried.
    """

    title: str
    where: Where
    methods: tuple[str, ...]
    pattern: Pattern
    identity: Identity | None
    hosts: tuple[str, ...]
    client: str | None = None
    now: float | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests and invariants of one environment, in the order of the file."""

    cases: tuple[Case, ...] = ()
    invariants: tuple[Invariant, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one test or invariant; `failure` is None where it holds. `rule` decided the test."""

    title: str
    kind: str
    where: Where
    failure: str | None
    rule: str | None = None


def run(rules: RuleSet, suite: Suite) -> Iterator[Outcome]:
    """The outcome of every test and every invariant, in the order of the file."""
    for case in suite.cases:
        sys.audit(READING, *case.where[:2])
        decision = decide(rules, case.decision_input)
        yield Outcome(case.title, "test", case.where, _wrong(case, decision, rules), decision.rule)
    for invariant in suite.invariants:
        sys.audit(READING, *invariant.where[:2])
        yield Outcome(invariant.title, "never", invariant.where, _broken(invariant, rules))


def unexercised(rules: RuleSet, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The ids of the rules that decide no test."""
    exercised = {outcome.rule for outcome in outcomes}
    return tuple(rule.id for rule in rules.rules if rule.id not in exercised)


def _wrong(case: Case, decision: Decision, rules: RuleSet) -> str | None:
    if decision.error is not None:
        return f"a policy failed: {decision.error}"
    by = f"rule {decision.rule!r}" if decision.rule is not None else "no rule matches, which"
    if case.expect != decision.outcome:
        return (
            f"expected {case.expect}, but {by} {_what_it_does(decision)}{_what_is_missing(decision, rules)}"
        )
    if case.rule is not None and case.rule != decision.rule:
        return f"expected rule {case.rule!r} to decide, but {by} does"
    if case.reason is not None and case.reason != decision.reason:
        return f"expected the reason {case.reason!r}, but it is {decision.reason!r}"
    if case.missing is not None and case.missing not in _missing_names(decision, rules):
        return f"expected {', '.join(sorted(case.missing))} to be missing{_what_is_missing(decision, rules, ', but')}"
    if case.upstream is not None and case.upstream != decision.handling.upstream:
        return f"expected upstream {case.upstream!r}, but {by} sends it to {decision.handling.upstream!r}"
    if case.to is not None and decision.redirect is not None and case.to != decision.redirect.location:
        return f"expected a redirect to {case.to}, but it goes to {decision.redirect.location}"
    return None


def _what_it_does(decision: Decision) -> str:
    if decision.redirect is not None:
        return f"redirects it to {decision.redirect.location}"
    return "allows it" if decision.allowed else f"denies it ({decision.reason})"


def _missing_names(decision: Decision, rules: RuleSet) -> list[frozenset[str]]:
    return [
        frozenset(_name(missing, rules) for missing in alternative) for alternative in decision.alternatives
    ]


def _name(missing: Missing, rules: RuleSet) -> str:
    if missing.kind == "right":
        for key, right in rules.rights.items():
            if (right.right, right.context) == (missing.right, missing.context):
                return key
    return missing.kind


def _what_is_missing(decision: Decision, rules: RuleSet, start: str = ";") -> str:
    if decision.destination is not None:
        return ""
    alternatives = [" and ".join(sorted(alternative)) for alternative in _missing_names(decision, rules)]
    return (
        f"{start} missing is {', or '.join(alternatives)}" if alternatives else f"{start} nothing would help"
    )


def _broken(invariant: Invariant, rules: RuleSet) -> str | None:
    found: dict[str | None, str] = {}
    for decision_input in _witnesses(invariant, rules):
        decision = decide(rules, decision_input)
        if decision.allowed:
            found.setdefault(
                decision.rule, f"rule {decision.rule!r} allows {_request(decision_input, invariant)}"
            )
        elif decision.error is not None:
            found.setdefault(decision.rule, f"a policy failed: {decision.error}")
    if not found:
        return None
    more = f", and {len(found) - _MOST_WITNESSES} more rules" if len(found) > _MOST_WITNESSES else ""
    return "must never be allowed, but " + "; ".join(list(found.values())[:_MOST_WITNESSES]) + more


def _request(decision_input: DecisionInput, invariant: Invariant) -> str:
    text = f"{decision_input.method} {decision_input.path}"
    if len(invariant.hosts) > 1:
        text += f" at {decision_input.host}"
    return text


def _witnesses(invariant: Invariant, rules: RuleSet) -> Iterator[DecisionInput]:
    """One request for each class of this invariant's requests that the rules distinguish."""
    patterns = [invariant.pattern, *(rule.pattern for rule in rules.rules)]
    values = template_values(rules.rules, identity_texts(invariant.identity))
    seen: set[tuple[object, ...]] = set()
    circumstances: dict[str, tuple[Dimension, ...]] = {}
    for path_class in partition(patterns, values, compared_positions(rules.rules)):
        if path_class.matching[0] != 0 or len(path_class.matching) == 1:
            continue
        # Two classes with the same rules differ only in the values of their variables.
        held = tuple(segment if segment in values else None for segment in path_class.segments)
        while held and held[-1] is None:
            held = held[:-1]
        if (path_class.matching, held) in seen:
            continue
        seen.add((path_class.matching, held))
        for method in invariant.methods:
            for host in invariant.hosts:
                decision_input = DecisionInput(
                    method, host, path_class.path, path_class.segments, invariant.client or CLIENT,
                    NOON.timestamp() if invariant.now is None else invariant.now, invariant.identity,
                )  # fmt: skip
                yield from _in_all_circumstances(invariant, decision_input, rules, circumstances)


def _in_all_circumstances(
    invariant: Invariant,
    decision_input: DecisionInput,
    rules: RuleSet,
    circumstances: dict[str, tuple[Dimension, ...]],
) -> Iterator[DecisionInput]:
    """The request at every address, moment and answer of a fact source that the deciding rule distinguishes."""
    decision = decide(rules, decision_input)
    if decision.rule is None:
        return
    if decision.rule not in circumstances:
        rule = next(rule for rule in rules.rules if rule.id == decision.rule)
        found = (each for each in dimensions(RuleInputs(rule).distinctions, {}, {}) if not each.about_person)
        fixed = {"clients": invariant.client, "moments": invariant.now}
        circumstances[decision.rule] = tuple(each for each in found if fixed.get(each.kind) is None)
    tried = circumstances[decision.rule]
    for cells in product(*(each.cells for each in tried)):
        yield input_in_circumstances(decision_input, tuple(zip(tried, cells, strict=True)))


def all_methods(method: str, further: Sequence[str] = ()) -> tuple[str, ...]:
    """The methods of an invariant's request: ANY means all, also the `further` ones of the environment."""
    return (*METHODS, *further) if method == "ANY" else (method,)
