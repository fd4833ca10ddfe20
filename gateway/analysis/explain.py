"""Reports a traced decision as text or as data: the rules that were tried, the verdict of each policy, what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.codec import missing_to_dict, step_to_dict
from gateway.handling import DEFAULT_UPSTREAM, HeaderChanges
from gateway.model import Allow, Decision, Deny, PolicyTrace, RuleTrace, Verdict
from gateway.plan import NO_ADVICE, Advice, Grant, LogIn, Step, Switch, Wait
from gateway.policy.evaluate import AMBIGUOUS, NO_WEBSOCKET
from gateway.policy.moments import BRUSSELS
from gateway.policy.ruleset import Rule, RuleSet


@dataclass(frozen=True, slots=True)
class Reading:
    """How a path was read: `paths` are its readings, the first one first.

    `openings` names those without which the path would be refused; those `here` are of the environment.
    """

    paths: tuple[str, ...]
    openings: tuple[str, ...] = ()
    here: frozenset[str] = frozenset()


def as_data(decision: Decision, reading: Reading | None = None, advice: Advice = NO_ADVICE) -> dict[str, Any]:
    """The decision, its trace and what helps as plain data."""
    return {
        **({"readings": reading.paths, "openings": reading.openings} if reading is not None else {}),
        "allowed": decision.allowed,
        "outcome": decision.outcome,
        "rule": decision.rule,
        "reason": decision.reason,
        "location": decision.redirect.location if decision.redirect is not None else None,
        "handling": {"upstream": decision.handling.upstream, **decision.handling.to_data()},
        "error": decision.error,
        "variables": dict(decision.variables),
        "missing": [
            [missing_to_dict(missing) for missing in alternative] for alternative in decision.alternatives
        ],
        "plans": [[step_to_dict(step) for step in plan] for plan in advice.plans],
        "obstacles": [missing_to_dict(missing) for missing in advice.obstacles],
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


def as_text(
    decision: Decision,
    rules: RuleSet,
    reading: Reading | None = None,
    advice: Advice = NO_ADVICE,
    *,
    language: str = "en",
) -> str:
    """The decision, its trace and what helps as text for a terminal; `rules` is the rule set that decided."""
    read = _reading_lines(reading, decision) if reading is not None else ()
    return (
        "\n".join(
            (
                *_verdict_lines(decision),
                *read,
                *_lines(decision, rules),
                *_advice_lines(decision, advice, language),
            )
        )
        + "\n"
    )


def _verdict_lines(decision: Decision) -> Iterator[str]:
    verdict = {"allow": "ALLOWED", "redirect": "REDIRECTED"}.get(decision.outcome, "REFUSED")
    by = f"by rule {decision.rule!r}" if decision.rule is not None else "because no rule matches"
    if decision.reason == AMBIGUOUS:
        by = "with 400: the readings of the path lead to several rules, or their rule does not open it"
    yield f"{verdict} {by} ({decision.reason})"


def _reading_lines(reading: Reading, decision: Decision) -> Iterator[str]:
    first, *others = reading.paths
    if reading.openings or others:
        yield f"  rules see the path as {first}"
    for name in reading.openings:
        if name in reading.here:
            whose = "the environment"
        else:
            whose = f"rule {decision.rule!r}" if decision.rule is not None else "a rule, but not of this one"
        yield f"  let through by `{name}` under `paths:` of {whose}"
    for each in others:
        yield f"  some servers read it as {each}: that must lead to the same rule"


def _lines(decision: Decision, rules: RuleSet) -> Iterator[str]:
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
    yield from _handling_lines(decision)


def _advice_lines(decision: Decision, advice: Advice, language: str) -> Iterator[str]:
    if decision.destination is not None:
        return
    yield ""
    for number, plan in enumerate(advice.plans):
        yield "what would help, the shortest way first:" if number == 0 else "or:"
        for step in plan:
            yield f"  - {_step_text(step, language)}"
    if not advice.plans:
        yield "nothing that this person can do would help" + (":" if advice.obstacles else "")
    for missing in advice.obstacles:
        yield f"  - {missing.kind}" + (f": {missing.detail}" if missing.detail else "")


def _handling_lines(decision: Decision) -> Iterator[str]:
    """Where the request goes and how, as far as the rule says something about it."""
    if decision.redirect is not None:
        yield f"redirected to {decision.redirect.location} with {decision.redirect.status}; no upstream gets it"
    handling = decision.handling
    if decision.allowed and handling.upstream != DEFAULT_UPSTREAM:
        yield f"goes to upstream {handling.upstream!r}"
    if decision.allowed and handling.timeout is not None:
        yield f"its answer must begin within {handling.timeout:g} s"
    if decision.allowed and handling.max_body is not None:
        yield f"its body may have {handling.max_body} bytes"
    for words, changes in (("request", handling.request_headers), ("answer", handling.response_headers)):
        if decision.allowed and changes is not None:
            yield f"headers of the {words}: {_changes(changes)}"
    if handling.cors is not None:
        cors = handling.cors
        sites = "every site" if cors.origins is None else ", ".join(sorted(cors.origins))
        yield f"may be called by scripts of {sites}, {'with' if cors.credentials else 'without'} credentials"


def _changes(changes: HeaderChanges) -> str:
    data = changes.to_data()
    parts = [f"{name} is {value!r}" for name, value in data["set"].items()]
    return ", ".join(parts + [f"without {name}" for name in data["remove"]])


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
            opens = f", and opens {', '.join(sorted(rule.opens_paths))}" if rule.opens_paths else ""
            return f"matches {rule.pattern.text}{opens}" + (", WebSockets too" if rule.websocket else "")


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


def _step_text(step: Step, language: str) -> str:
    match step:
        case LogIn():
            return "log in" + (f" with one of {', '.join(step.acr_values)}" if step.acr_values else "")
        case Grant():
            codes = "-".join(part for part in (step.right, step.context) if part)
            label, who = (each.get(language) for each in (step.missing.label, step.missing.granted_by))
            what = f"{label} [{codes}]" if label and label != codes else f"right {codes}"
            whom = f"organisation {step.organisation}" if step.organisation else "that organisation"
            return f"get {what} for {whom}" + (f", granted by {who}" if who else "")
        case Switch():
            whom = f"organisation {step.organisation}" if step.organisation else "another organisation"
            within = f" in doelgroep {step.doelgroep}" if step.doelgroep else ""
            return f"act for {whom}{within}" + ("" if step.known else ", if the person works for it")
        case Wait():
            moment = datetime.fromtimestamp(step.until, BRUSSELS)
            return f"wait until {moment.isoformat(' ', 'seconds')}"


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
