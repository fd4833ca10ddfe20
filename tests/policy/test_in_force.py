"""The rules of a moment with emergency rules."""

from __future__ import annotations

import pytest

from gateway.model import DecisionInput
from gateway.plugin import LOGIN, Allow, Deny, Facts, NotApplicable, Policy, Verdict
from gateway.policy.evaluate import decide
from gateway.policy.in_force import OpenRule, RulesInForce, periods
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules, with_emergencies


class Yes(Policy, name="yes-in-force"):
    """Always."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


def rule(name: str, emergency: float | None = None) -> Rule:
    return Rule(name, parse_pattern(f"/{name}"), None, None, (Yes(),), emergency=emergency)


RULES = compile_rules([rule("a", 60.0), rule("b", 60.0), rule("c")], {})


def names(rules: RuleSet) -> str:
    return "".join(each.id for each in rules.rules)


def test_closed_rules_are_not_in_the_set_but_are_known() -> None:
    assert (names(RULES), RULES.emergencies) == ("c", {"a": 60.0, "b": 60.0})
    opened = with_emergencies(RULES, {"a": "e-1"})
    assert names(opened) == "ac"
    assert opened.rules[0].passed.emergency == "e-1"
    assert opened.hash != RULES.hash
    assert with_emergencies(RULES, {"a": "e-2"}).hash == opened.hash
    assert names(with_emergencies(opened, {"b": "e-3"})) == "bc"


def test_each_ends_at_its_own_end_by_whichever_clock_comes_first() -> None:
    now, steady = [100.0], [1.0]
    found = RulesInForce(RULES, lambda: now[0], lambda: steady[0])
    assert found() is RULES
    opened = [
        OpenRule("a", "e-1", 110.0, 11.0),
        OpenRule("b", "e-2", 130.0, 31.0),
        OpenRule("x", "e-3", 130.0, 31.0),
    ]
    found.use(RULES, periods(RULES, opened))
    assert names(found()) == "abc"
    steady[0] = 11.0
    assert names(found()) == "bc"
    assert [each.opening for each in found.open] == ["e-2"]
    now[0] = 131.0
    assert found() is RULES
    assert found.open == ()


class Not(Policy, name="not-in-force"):
    """Never."""

    def decide(self, facts: Facts) -> Verdict:
        return Deny("never")


class LoggedIn(Policy, name="logged-in-in-force"):
    """Needs a login."""

    def decide(self, facts: Facts) -> Verdict:
        return NotApplicable("not-logged-in", LOGIN)


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize(
    ("emergency", "ordinary", "decides", "allowed"),
    [
        (Yes(), Not(), "e", True),
        (Not(), Yes(), "o", True),
        (Not(), Not(), "o", False),
        (LoggedIn(), Not(), "e", False),
        (LoggedIn(), LoggedIn(), "o", False),
        (LoggedIn(), None, "e", False),
        (Not(), None, None, False),
    ],
)
def test_an_open_emergency_rule_only_adds(
    emergency: Policy, ordinary: Policy | None, decides: str | None, allowed: bool, trace: bool
) -> None:
    path = parse_pattern("/x")
    written = [Rule("e", path, None, None, (emergency,), emergency=60.0)]
    if ordinary is not None:
        written.append(Rule("o", path, None, None, (ordinary,)))
    opened = with_emergencies(compile_rules(written, {}), {"e": "e-1"})
    found = decide(opened, DecisionInput("GET", "h", "/x", ("x",), "", 0.0), trace=trace)
    assert (found.rule, found.allowed) == (decides, allowed)
