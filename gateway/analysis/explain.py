"""Reports a traced decision as text or as data: the rules that were tried, the verdict of each policy, what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.codec import missing_to_dict
from gateway.model import Allow, Decision, Deny, Missing, PolicyTrace, RuleTrace, Verdict
from gateway.policy.evaluate import NO_WEBSOCKET
from gateway.policy.ruleset import Rule, RuleSet


def as_data(decision: Decision) -> dict[str, Any]:
    """The decision and its trace as plain data."""
    return {
        "allowed": decision.allowed,
        "rule": decision.rule,
        "reason": decision.reason,
        "error": decision.error,
        "variables": dict(decision.variables),
        "missing": [
            [missing_to_dict(missing) for missing in alternative] for alternative in decision.alternatives
        ],
        "rules": [
            {
                "rule": rule.rule,
                "matched": rule.matched,
                "why": rule.why,
                "policies": [_policy_data(policy) for policy in rule.policies],
            }
            for rule in decision.trace
        ],
    }


def as_text(decision: Decision, rules: RuleSet, *, language: str = "en") -> str:
    """The decision and its trace as text for a terminal; `rules` is the rule set that decided."""
    return "\n".join(_lines(decision, rules, language)) + "\n"


def _lines(decision: Decision, rules: RuleSet, language: str) -> Iterator[str]:
    verdict = "ALLOWED" if decision.allowed else "REFUSED"
    by = f"by rule {decision.rule!r}" if decision.rule is not None else "because no rule matches"
    yield f"{verdict} {by} ({decision.reason})"
    if decision.error is not None:
        yield f"  a policy failed: {decision.error}"
    yield ""
    known = {rule.id: rule for rule in rules.rules}
    for traced in decision.trace:
        yield from _rule_lines(traced, known[traced.rule])
    rest = len(rules.rules) - len(decision.trace)
    if rest:
        yield (f"the {rest} rules after it were not tried" if rest > 1 else "the rule after it was not tried")
    if decision.variables:
        yield "path variables: " + ", ".join(f"{name}={value}" for name, value in decision.variables.items())
    if decision.allowed:
        return
    yield ""
    if not decision.alternatives:
        yield "nothing that this person can do would help"
    for number, alternative in enumerate(decision.alternatives):
        yield "what would help, the shortest way first:" if number == 0 else "or:"
        for missing in alternative:
            yield f"  - {_missing_text(missing, language)}"


def _rule_lines(traced: RuleTrace, rule: Rule) -> Iterator[str]:
    file, line, _ = rule.at
    place = f" ({file}:{line})" if file else ""
    yield f"rule {traced.rule}{place}: {_why(traced, rule)}"
    if traced.why == NO_WEBSOCKET:
        yield "  - it does not allow WebSockets (websocket: true)"
    for policy in traced.policies:
        yield from _policy_lines(policy, "  ")


def _why(traced: RuleTrace, rule: Rule) -> str:
    match traced.why:
        case "path":
            return f"the path does not match {rule.pattern.text}"
        case "method":
            return f"the method is not one of {', '.join(sorted(rule.methods or ()))}"
        case "host":
            return f"the host is not one of {', '.join(sorted(rule.hosts or ()))}"
        case _:
            return f"matches {rule.pattern.text}" + (", WebSockets too" if rule.websocket else "")


def _policy_lines(policy: PolicyTrace, indent: str) -> Iterator[str]:
    options = ""
    if isinstance(policy.written, Mapping) and not policy.parts:
        options = f" {next(iter(policy.written.values()))}"
    yield f"{indent}{_mark(policy.verdict)} {policy.policy}{options}: {policy.verdict.reason}"
    for part in policy.parts:
        yield from _policy_lines(part, indent + "  ")


def _mark(verdict: Verdict) -> str:
    if isinstance(verdict, Allow):
        return "+"
    return "-" if isinstance(verdict, Deny) else "?"


def _missing_text(missing: Missing, language: str) -> str:
    what = (
        missing.label.get(language) or missing.detail or missing.right or missing.organisation or missing.kind
    )
    codes = "-".join(part for part in (missing.right, missing.context) if part)
    text = f"{missing.kind}: {what}" + (f" [{codes}]" if codes and codes != what else "")
    if missing.organisation and missing.organisation != what:
        text += f" for organisation {missing.organisation}"
    who = missing.granted_by.get(language)
    if missing.acr_values:
        text += f", by one of {', '.join(missing.acr_values)}"
    how = {"grant": f"granted by {who}" if who else "must be granted", "switch": "switch to another organisation",
           "login": "log in", "step_up": "log in with a stronger method", "wait": "wait", "none": "cannot be helped"}  # fmt: skip
    return f"{text} ({how[missing.remedy]})"


def _policy_data(policy: PolicyTrace) -> dict[str, Any]:
    verdict = policy.verdict
    return {
        "policy": policy.policy,
        "written": policy.written,
        "verdict": type(verdict).__name__,
        "reason": verdict.reason,
        "missing": []
        if isinstance(verdict, Allow)
        else [[missing_to_dict(missing) for missing in alternative] for alternative in verdict.alternatives],
        "parts": [_policy_data(part) for part in policy.parts],
    }
