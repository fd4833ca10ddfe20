"""What is open to one person, rule by rule: the best that each rule holds for them, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given as for_all

from gateway.analysis.access import access_of
from gateway.model import Identity
from gateway.plan import Grant, RuleAccess, Switch
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import RuleSet
from tests.analysis.test_diff import PATHS, PEOPLE, RULE_SETS, compiled
from tests.policy.conftest import given, person, rule_set, with_handling

INDIENER = person(("OVAMGebruiker", "Indiener", "0456789034"))
OWN = {"organisation": {"equals": "{kbo}"}}
RIGHT = {"right": {"right": "indiener"}}
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("Europe/Brussels")).timestamp()


def reached(rules: RuleSet, identity: Identity, now: float = NOON) -> list[RuleAccess]:
    return list(access_of(rules, identity, host="gw.test", client="203.0.113.9", now=now))


def lines(rules: RuleSet, identity: Identity) -> list[str]:
    return [
        f"{each.rule} {' '.join((*each.methods, each.path))} {'open' if each.decision.allowed else each.decision.reason}"
        for each in reached(rules, identity)
    ]


def test_the_paths_of_the_own_organisation_are_open() -> None:
    rules = rule_set(
        ("open", "/static/**", ["anyone"], {"GET"}),
        ("own", "/o/{kbo}/**", [RIGHT, OWN]),
        ("all", "/**", [{"right": {"right": "lezer"}}]),
    )
    assert lines(rules, INDIENER) == [
        "open GET /static/** open",
        "own /o/0456789034/** open",
        "all /** right-missing",
    ]
    # What is missing is told for the own organisation, not for a made-up one.
    (_, own, _) = reached(rules, person())
    assert own.path == "/o/0456789034/**"
    assert [[missing.kind for missing in alternative] for alternative in own.decision.alternatives] == [
        ["right"]
    ]
    (_, own, _) = reached(rules, person(organisation=None))
    assert own.path == "/o/{kbo}/**"
    (plan,) = own.advice.plans
    assert [step.organisation for step in plan if isinstance(step, Grant | Switch)] == [None, None]


def test_a_rule_that_never_decides_is_left_out() -> None:
    rules = rule_set(("first", "/**", ["authenticated"]), ("never", "/a/**", ["anyone"]))
    assert lines(rules, INDIENER) == ["first /** open"]


def hours(**options: Any) -> RuleSet:
    return rule_set(("a", "/**", [{"schedule": options}]))


def test_until_when() -> None:
    (found,) = reached(hours(hours={"mon-fri": "08:00-18:00"}), INDIENER)
    assert found.until == NOON + 6 * 3600
    (found,) = reached(hours(hours={"mon-fri": "08:00-18:00"}), INDIENER, NOON + 7 * 3600)
    assert (found.decision.allowed, found.until) == (False, None)
    assert found.decision.alternatives[0][0].detail == "2026-11-25T08:00+01:00"
    (found,) = reached(hours(until="2026-11-26"), INDIENER)
    assert found.until == NOON + 2.5 * 86_400
    (found,) = reached(hours(until="2027-11-26"), INDIENER)
    assert found.until is None


def test_what_somebody_else_decides_is_supposed_to_be_favourable() -> None:
    (found,) = reached(rule_set(("a", "/**", [{"rate": {"limit": 1, "window": "1m"}}])), INDIENER)
    assert (found.decision.allowed, found.checked_again) == (True, True)


@for_all(RULE_SETS)
def test_what_is_said_to_be_open_is_open_and_nothing_open_is_kept_silent(written: tuple[Any, ...]) -> None:
    rules = compiled(written)
    for identity in PEOPLE[1:]:
        assert identity is not None
        found = {each.rule: each for each in reached(rules, identity)}
        for segments in PATHS:
            for method in ("GET", "PUT"):
                decision = decide(rules, given("/" + "/".join(segments), method, identity))
                if decision.rule is not None and decision.allowed:
                    assert found[decision.rule].decision.allowed
        for each in found.values():
            assert each.decision.rule == each.rule
            assert parse_pattern(each.path)


def test_a_rule_that_only_redirects_opens_nothing() -> None:
    rules = with_handling(
        rule_set(("a", "/a", ["anyone"]), ("b", "/b", ["anyone"])), a={"redirect": {"to": "/b"}}
    )
    found = access_of(rules, person(), host="gw.test", client="192.0.2.1", now=0.0)
    assert [each.rule for each in found] == ["b"]
