"""Finds rules that are open at some times or from some networks, and so take requests from stricter rules after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, product
from typing import Final

from gateway.analysis.equivalence import NOON
from gateway.analysis.lint import Coverage, Finding, coverage_of
from gateway.model import DecisionInput, Identity
from gateway.plugin import combine
from gateway.policy.evaluate import decide_by
from gateway.policy.moments import BRUSSELS
from gateway.policy.pattern import Literal, Pattern
from gateway.policy.ruleset import Rule, RuleSet

_OUTSIDE: Final = "192.0.2.1"
# Who asks, weakest first.
_PEOPLE: Final = ((None, "anyone"), (Identity("", "somebody"), "anyone who is logged in"))
_MOST_TRIED: Final = 4_000
_MOST_LISTED: Final = 3
# A moment and a client address.
_Circumstance = tuple[float, str]


def lint_conditional(rules: RuleSet, hosts: Sequence[str]) -> Iterator[Finding]:
    """A finding for each rule that lets people in under a condition alone, where a later rule would ask more of them."""
    coverage = coverage_of(rules.rules, hosts)
    for number, rule in enumerate(rules.rules):
        if "open-on-condition" not in rule.accepts:
            finding = _finding(number, rule, rules.rules, coverage)
            if finding is not None:
                yield finding


def _finding(number: int, rule: Rule, rules: Sequence[Rule], coverage: Sequence[Coverage]) -> Finding | None:
    after = [
        (other, coverage[later].loses[number][0])
        for later, other in enumerate(rules[number + 1 :], number + 1)
        if number in coverage[later].loses
        and (_within(other.pattern, rule.pattern) or _inside(rule.pattern, other.pattern))
    ]
    circumstances = _circumstances(rule) if after else []
    if len(circumstances) < 2 or not coverage[number].decides:
        return None
    for identity, who in _PEOPLE:
        passed = [each for each in circumstances if _allows(rule, _example(rule), each, identity)]
        if not passed or len(passed) == len(circumstances):
            continue
        stricter: dict[str, _Circumstance] = {}
        for other, path in after:
            when = next((each for each in passed if not _allows(other, path, each, identity)), None)
            if when is not None:
                stricter[other.id] = when
        if stricter:
            names = ", ".join(repr(name) for name in islice(stricter, _MOST_LISTED))
            words = (
                f"rule {rule.id!r} opens {rule.pattern.text} to {who} {_words(next(iter(stricter.values())), circumstances)}, where"
                f" {names} after it would not: the first rule that matches decides alone; repeat there what the later rules ask,"
                " or put the condition into them"
            )
            return Finding(rule.at, "open-on-condition", words)
    return None


def _circumstances(rule: Rule) -> list[_Circumstance]:
    """Moments and addresses at which its verdict may change; one where it does not say, or depends on neither."""
    found = combine(policy.distinctions() for policy in rule.require)
    if found is None:
        return [(NOON.timestamp(), _OUTSIDE)]
    moments = [NOON.timestamp(), *found.moments]
    if found.moments:
        moments.append(min(found.moments) - 1.0)
    return list(islice(product(moments, (_OUTSIDE, *found.clients)), _MOST_TRIED))


def _allows(rule: Rule, path: str, when: _Circumstance, identity: Identity | None) -> bool:
    method = min(rule.methods) if rule.methods is not None and "GET" not in rule.methods else "GET"
    segments = tuple(path[1:].split("/"))
    variables = rule.pattern.match(segments)
    if variables is None:
        return False
    now, client = when
    try:
        decision = decide_by(rule, DecisionInput(method, "", path, segments, client, now, identity))
    except BaseException:  # noqa: BLE001 - a policy that fails denies
        return False
    return decision.allowed or decision.redirect is not None


def _example(rule: Rule) -> str:
    steps = [part.text if isinstance(part, Literal) else "x" for part in rule.pattern.parts]
    return "/" + "/".join([*steps, "x"] if rule.pattern.rest else steps)


def _within(inner: Pattern, outer: Pattern) -> bool:
    """Whether every path of `inner` is one of `outer`, as far as their literals show."""
    if outer.expression is not None or len(outer.parts) > len(inner.parts):
        return False
    if not outer.rest and (inner.rest or len(outer.parts) != len(inner.parts)):
        return False
    return all(
        mine == theirs or not isinstance(mine, Literal)
        for mine, theirs in zip(outer.parts, inner.parts, strict=False)
    )


def _inside(inner: Pattern, area: Pattern) -> bool:
    """Whether `inner` is part of an area (`/x/**`) that is protected as a whole."""
    return bool(area.parts) and area.rest and area.expression is None and _within(inner, area)


def _words(when: _Circumstance, circumstances: Sequence[_Circumstance]) -> str:
    now, client = when
    parts = []
    if len({each for each, _ in circumstances}) > 1:
        parts.append(f"at {datetime.fromtimestamp(now, BRUSSELS):%Y-%m-%d %H:%M}")
    if len({each for _, each in circumstances}) > 1:
        parts.append(f"from {client}")
    return f"(for example {' '.join(parts)})"
