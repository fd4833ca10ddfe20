"""The decision about one request: a pure function, the same for live requests, explain, tests and replay."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from gateway.model import (
    NOTHING,
    Allow,
    Alternatives,
    Decision,
    DecisionInput,
    PolicyTrace,
    RuleTrace,
)
from gateway.plugin import NOTHING_MISSING, Facts, Question, all_of
from gateway.policy.ruleset import Rule, RuleSet

NO_WEBSOCKET: Final = "websocket-not-allowed"
"""The reason of a denial of a WebSocket by a rule without `websocket: true`, whoever asks."""
_NO_RULE = Decision(allowed=False, rule=None, reason="no-rule")
AMBIGUOUS = "path-ambiguous"
"""The reason where servers may read a path in ways that lead to several rules, or the rule does not open it."""


def decide(rules: RuleSet, decision_input: DecisionInput, *, trace: bool = False) -> Decision:
    """The decision of the first rule that matches. Without one, or when a policy raises, the request is denied.

    An emergency rule that is open only adds: what it does not allow is decided by the rules after it.

    With `trace`, the decision also holds every rule that was tried and the verdict of each policy.

    Where the path is in doubt, all its readings must lead to one rule that opens it, and each must be allowed.
    """
    if decision_input.doubt is not None:
        return _decide_in_doubt(rules, decision_input, decision_input.doubt.needs, trace=trace)
    if trace:
        return _decide_traced(rules, decision_input)
    rule = _matching(rules, decision_input)
    if rule is None:
        return _NO_RULE
    decision = decide_by(rule, decision_input)
    if decision.allowed or rule.opening is None or decision.redirect is not None:
        return decision
    return _decide_past(rules, decision_input, decision)


def _decide_past(rules: RuleSet, decision_input: DecisionInput, denial: Decision) -> Decision:
    """The decision of the rules after open emergency rules that deny; `denial` is that of the first of them."""
    for rule in rules_in_question(rules, decision_input):
        found = decide_by(rule, decision_input)
        if found.destination is not None or rule.opening is None:
            return _clearer(denial, found)
    return _clearer(denial, _NO_RULE)


def _clearer(emergency: Decision, ordinary: Decision) -> Decision:
    """Of two denials the one of the ordinary rule, unless a login helps only by the emergency rule."""
    if ordinary.destination is not None:
        return ordinary
    return emergency if emergency.login_helps and not ordinary.login_helps else ordinary


def _decide_in_doubt(
    rules: RuleSet, decision_input: DecisionInput, needs: frozenset[str], *, trace: bool
) -> Decision:
    readings = decision_input.readings()
    decisions = [decide(rules, reading, trace=trace) for reading in readings]
    first = decisions[0]
    opens = next((rule.opens_paths for rule in rules.rules if rule.id == first.rule), frozenset[str]())
    one_rule = all(each.rule == first.rule for each in decisions) and needs <= opens
    # An answer about one reading says nothing about another.
    if not one_rule or (rules.asks_sources and len({questions(rules, reading) for reading in readings}) > 1):
        return Decision(allowed=False, rule=None, reason=AMBIGUOUS, trace=first.trace)
    return next((each for each in decisions if not each.allowed), first)


def decide_by(rule: Rule, decision_input: DecisionInput) -> Decision:
    """The decision of this rule, which must match the request."""
    return _judge(rule, decision_input, None)


def matching_rule(rules: RuleSet, method: str, host: str, segments: tuple[str, ...]) -> Rule | None:
    """The rule that decides such requests, whether or not an emergency is open."""
    *_, rule = (None, *rules_in_question(rules, DecisionInput(method, host, "", segments, "", 0.0)))
    return rule


def asks_for_program(rules: RuleSet, decision_input: DecisionInput) -> bool:
    """Whether the rule that decides this request, by any reading of its path, is about programs too."""
    return any(
        rule.programs for reading in decision_input.readings() for rule in rules_in_question(rules, reading)
    )


def questions(rules: RuleSet, decision_input: DecisionInput) -> tuple[Question, ...]:
    """The questions that fact sources must answer before this request can be decided, by the first reading of its path."""
    if not rules.asks_sources:
        return ()
    found = []
    for rule in rules_in_question(rules, decision_input):
        if not rule.asking or (decision_input.websocket and not rule.websocket):
            continue
        facts = facts_for(rule, decision_input)
        for policy in rule.asking:
            # A policy that raises here also raises in the decision, where it is reported.
            with contextlib.suppress(BaseException):
                found.append(policy.question(facts))
    return tuple(question for question in found if question is not None)


def rules_in_question(rules: RuleSet, decision_input: DecisionInput) -> Iterator[Rule]:
    """The rules that may decide: the first that matches, and where that is an open emergency rule also the next.

    Of a path in doubt, by its first reading.
    """
    for number in rules.tree.candidates(decision_input.segments):
        rule = rules.rules[number]
        if _mismatch(rule, decision_input) is None:
            yield rule
            if rule.opening is None:
                return


def _matching(rules: RuleSet, decision_input: DecisionInput) -> Rule | None:
    for number in rules.tree.candidates(decision_input.segments):
        rule = rules.rules[number]
        if _mismatch(rule, decision_input) is None:
            return rule
    return None


def _decide_traced(rules: RuleSet, decision_input: DecisionInput) -> Decision:
    tried: list[RuleTrace] = []
    matching = set(rules.tree.candidates(decision_input.segments))
    emergency: Decision | None = None
    for number, rule in enumerate(rules.rules):
        why = "path" if number not in matching else _mismatch(rule, decision_input)
        if why is not None:
            tried.append(RuleTrace(rule.id, False, why))
            continue
        policies: list[PolicyTrace] = []
        decision = _judge(rule, decision_input, policies)
        why = NO_WEBSOCKET if decision.reason == NO_WEBSOCKET else "matches"
        tried.append(RuleTrace(rule.id, True, why, tuple(policies)))
        if rule.opening is not None and decision.destination is None:
            emergency = emergency or decision
            continue
        return _with_trace(_clearer(emergency, decision) if emergency else decision, tried)
    return _with_trace(_clearer(emergency, _NO_RULE) if emergency else _NO_RULE, tried)


def _with_trace(decision: Decision, tried: list[RuleTrace]) -> Decision:
    return replace(decision, trace=tuple(tried))


def _mismatch(rule: Rule, decision_input: DecisionInput) -> str | None:
    """Why a candidate rule does not match this request; None where it does."""
    if rule.methods is not None and decision_input.method not in rule.methods:
        return "method"
    if rule.hosts is not None and not rule.at_host(decision_input.host):
        return "host"
    if rule.pattern.expression is not None and rule.pattern.match(decision_input.segments) is None:
        return "path"
    return None


def facts_for(rule: Rule, decision_input: DecisionInput, traces: list[PolicyTrace] | None = None) -> Facts:
    """What the policies of this rule see of a request, by the first reading of its path."""
    variables: Mapping[str, str] = NOTHING
    if rule.variables:
        variables = rule.pattern.match(decision_input.segments) or NOTHING
    return Facts(
        decision_input.method,
        decision_input.host,
        decision_input.path,
        decision_input.client,
        decision_input.now,
        decision_input.identity,
        variables,
        decision_input.facts,
        traces,
    )


def _judge(rule: Rule, decision_input: DecisionInput, traces: list[PolicyTrace] | None) -> Decision:
    facts = facts_for(rule, decision_input, traces)
    variables = facts.variables
    if decision_input.websocket and not rule.websocket:
        return Decision(allowed=False, rule=rule.id, reason=NO_WEBSOCKET, variables=variables)
    alternatives: Alternatives = NOTHING_MISSING
    reason: str | None = None
    for policy in rule.require:
        try:
            verdict = facts.ask(policy)
        except BaseException as problem:  # noqa: BLE001 - whatever a policy raises, also SystemExit, denies
            return Decision(
                allowed=False,
                rule=rule.id,
                reason="policy-failed",
                variables=variables,
                handling=rule.handling,
                error=f"policy {policy.policy_name!r} of rule {rule.id!r} raised {type(problem).__name__}: {problem}",
            )
        if isinstance(verdict, Allow):
            continue
        reason = reason or verdict.reason
        alternatives = all_of(alternatives, verdict.alternatives)
    if reason is None:
        if not variables:
            return rule.passed
        redirect = rule.handling.redirect
        filled_in = redirect(variables) if redirect is not None else None
        return replace(rule.passed, variables=variables, redirect=filled_in)
    return Decision(
        allowed=False,
        rule=rule.id,
        reason=reason,
        alternatives=alternatives,
        variables=variables,
        handling=rule.handling,
    )
