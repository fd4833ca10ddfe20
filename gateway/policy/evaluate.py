"""Decides one request by a rule set: a pure function, the same for live traffic, explain, tests and replay.

No input or output, no clock: what a decision depends on is in its DecisionInput.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

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

_NO_RULE = Decision(allowed=False, rule=None, reason="no-rule")


def decide(rules: RuleSet, given: DecisionInput, *, trace: bool = False) -> Decision:
    """The decision of the first rule that matches; denied where none does, or where a policy fails.

    With `trace` the same code also writes down every rule that it looked at, and each policy's verdict.
    """
    if trace:
        return _decide_traced(rules, given)
    rule = _matching(rules, given)
    return _NO_RULE if rule is None else _judge(rule, given, None)


def questions(rules: RuleSet, given: DecisionInput) -> tuple[Question, ...]:
    """What fact sources must answer before this request can be decided: what the rule that matches it asks."""
    rule = _matching(rules, given) if rules.asking else None
    if rule is None or not rule.asking:
        return ()
    facts = _facts(rule, given, None)
    found = []
    for policy in rule.asking:
        # A policy that fails here fails in the decision as well, and is told there.
        with contextlib.suppress(Exception):
            found.append(policy.question(facts))
    return tuple(question for question in found if question is not None)


def _matching(rules: RuleSet, given: DecisionInput) -> Rule | None:
    for number in rules.tree.candidates(given.segments):
        rule = rules.rules[number]
        if _applies(rule, given) is None:
            return rule
    return None


def _decide_traced(rules: RuleSet, given: DecisionInput) -> Decision:
    looked_at: list[RuleTrace] = []
    matching = set(rules.tree.candidates(given.segments))
    for number, rule in enumerate(rules.rules):
        why = "path" if number not in matching else _applies(rule, given)
        if why is not None:
            looked_at.append(RuleTrace(rule.id, False, why))
            continue
        policies: list[PolicyTrace] = []
        decision = _judge(rule, given, policies)
        looked_at.append(RuleTrace(rule.id, True, "matches", tuple(policies)))
        return _with_trace(decision, looked_at)
    return _with_trace(_NO_RULE, looked_at)


def _with_trace(decision: Decision, looked_at: list[RuleTrace]) -> Decision:
    return Decision(
        decision.allowed,
        decision.rule,
        decision.reason,
        decision.alternatives,
        decision.variables,
        decision.error,
        tuple(looked_at),
    )


def _applies(rule: Rule, given: DecisionInput) -> str | None:
    """Why a rule that the tree found is not about this request; None where it is."""
    if rule.methods is not None and given.method not in rule.methods:
        return "method"
    if rule.hosts is not None and not rule.at_host(given.host):
        return "host"
    if rule.pattern.expression is not None and rule.pattern.match(given.segments) is None:
        return "path"
    return None


def _facts(rule: Rule, given: DecisionInput, traces: list[PolicyTrace] | None) -> Facts:
    variables: Mapping[str, str] = NOTHING
    if rule.pattern.variables:
        variables = rule.pattern.match(given.segments) or NOTHING
    return Facts(
        given.method,
        given.host,
        given.path,
        given.client,
        given.now,
        given.identity,
        variables,
        given.facts,
        traces,
    )


def _judge(rule: Rule, given: DecisionInput, traces: list[PolicyTrace] | None) -> Decision:
    facts = _facts(rule, given, traces)
    variables = facts.variables
    alternatives: Alternatives = NOTHING_MISSING
    reason: str | None = None
    for policy in rule.require:
        try:
            verdict = facts.ask(policy)
        except Exception as problem:  # noqa: BLE001 - whatever a policy raises denies the request
            return Decision(
                allowed=False,
                rule=rule.id,
                reason="policy-failed",
                variables=variables,
                error=f"policy {policy.policy_name!r} of rule {rule.id!r} raised {type(problem).__name__}: {problem}",
            )
        if isinstance(verdict, Allow):
            continue
        reason = reason or verdict.reason
        alternatives = all_of(alternatives, verdict.alternatives)
    if reason is None:
        return Decision(allowed=True, rule=rule.id, reason="allowed", variables=variables)
    return Decision(
        allowed=False, rule=rule.id, reason=reason, alternatives=alternatives, variables=variables
    )
