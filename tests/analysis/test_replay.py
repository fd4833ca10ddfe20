"""Replaying records: the same rules decide the same, other rules show as differences, and doubts are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.replay import Replay
from gateway.model import CanonicalRequest, Identity
from gateway.observe.decision_record import Pseudonyms, RecordEntry, decision_input
from gateway.observe.record_encoder import RecordEncoder
from gateway.plugin import Allow, Deny, Distinctions, Facts, Policy, Verdict
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules
from tests.policy.conftest import given, person, policy, rule_set, with_handling

FORM = RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti"), ("team",))
INDIENER = person(("OVAMGebruiker", "Indiener", "0456789034"))
LEZER = person(("OVAMGebruiker", "Lezer", "0456789034"))
POLICIES: list[Any] = [
    "anyone", "authenticated", {"not": "anyone"}, {"right": {"right": "indiener"}},
    {"any": [{"right": {"right": "lezer"}}, {"organisation": {"any_of": ["0456789034"]}}]},
]  # fmt: skip
PATHS = ["/", "/a", "/a/b", "/b/0456789034"]


def record(
    rules: RuleSet, path: str = "/", identity: Identity | None = None, number: int = 0
) -> dict[str, Any]:
    asked = given(path, "GET", identity)
    request = CanonicalRequest(
        f"r-{number}", "GET", "https", "gw.test", path, asked.segments, b"/", (), {}, asked.client, True, "nl"
    )  # fmt: skip
    decision = decide(rules, asked)
    handled = RecordEntry(
        f"r-{number}", asked.now, 200, 0.1, asked.client, request, decision, identity, rules=rules.hash
    )
    found: dict[str, Any] = json.loads(FORM.encode(handled))
    return found


def replayed(rules: RuleSet, *records: dict[str, Any]) -> Replay:
    again = Replay(rules, decision_input)
    for each in records:
        again.add(each)
    return again


RULES = st.lists(
    st.tuples(st.sampled_from(["/**", "/a/**", "/b/{kbo}", "/a"]), st.lists(st.sampled_from(POLICIES), min_size=1, max_size=2)),
    max_size=4,
).map(lambda each: rule_set(*((f"r{number}", path, require) for number, (path, require) in enumerate(each))))  # fmt: skip
ASKED = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from([None, INDIENER, LEZER])), max_size=8)


@for_all(RULES, ASKED)
def test_the_same_rules_decide_the_same(rules: RuleSet, asked: list[tuple[str, Identity | None]]) -> None:
    again = replayed(rules, *(record(rules, *each) for each in asked))
    assert again.decided == len(asked)
    assert again.differences == []


@for_all(RULES, RULES, ASKED)
def test_other_rules_differ_where_deciding_anew_differs(
    then: RuleSet, now: RuleSet, asked: list[tuple[str, Identity | None]]
) -> None:
    again = replayed(now, *(record(then, *each) for each in asked))
    changed = {"gains": 0, "loses": 0}
    for path, identity in asked:
        before, after = (decide(rules, given(path, "GET", identity)).allowed for rules in (then, now))
        if before != after:
            changed["gains" if after else "loses"] += 1
    counted = {"gains": 0, "loses": 0}
    for each in again.differences:
        if each.change != "rule":
            counted[each.change] += each.count
    assert counted == changed


def test_differences_are_told_by_rule() -> None:
    then = rule_set(("a", "/a/**", ["anyone"]), ("rest", "/**", [{"right": {"right": "indiener"}}]))
    now = rule_set(("b", "/a/**", ["authenticated"]), ("rest", "/**", [{"right": {"right": "lezer"}}]))
    asked = [("/a", None), ("/a", INDIENER), ("/", INDIENER), ("/", LEZER), ("/a/b", None)]
    again = replayed(now, *(record(then, path, who, number) for number, (path, who) in enumerate(asked)))
    assert [
        (each.change, each.then_rule, each.now_rule, each.count, each.samples) for each in again.differences
    ] == [
        ("loses", "a", "b", 2, ["r-0", "r-4"]),
        ("loses", "rest", "rest", 1, ["r-2"]),
        ("gains", "rest", "rest", 1, ["r-3"]),
        ("rule", "a", "b", 1, ["r-1"]),
    ]


class Team(Policy, name="team"):
    """RuleInputs at a claim, at a fact and at the time."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow() if facts.now > 1_795_000_000.0 else Deny("early")

    def distinctions(self) -> Distinctions:
        return Distinctions(claims=(("team", "a"),), sources=(("open", True),), moments=(1_795_000_000.0,))


def team_rules() -> RuleSet:
    pattern = parse_pattern("/**")
    return compile_rules([Rule("team", pattern, None, None, (policy("team", policies={"team": Team}),))], {})


def test_what_a_record_does_not_hold_is_told() -> None:
    then, now = rule_set(("all", "/**", ["anyone"])), team_rules()
    held = record(then, "/", INDIENER) | {"facts": {"open": True}}
    held["who"]["claims"] = {"team": "a"}
    again = replayed(now, record(then, "/", INDIENER), record(then), held)
    assert again.doubtful == {
        "the claim 'team' is not in the record": 1,
        "the fact 'open' is not in the record": 2,
    }
    # The same rules looked at all that they look at: there is no doubt.
    assert replayed(then, record(then, "/", INDIENER)).doubtful == {}


def test_what_the_rules_look_at_is_not_taken_together() -> None:
    rules = team_rules()
    early, late = record(rules), record(rules) | {"now": 1_795_000_001.0}
    again = replayed(rules, early, late, late)
    assert [(each.change, each.count) for each in again.differences] == [("gains", 2)]


class Silent(Policy, name="silent"):
    """Does not say what it looks at."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow() if facts.now > 1_795_000_000.0 else Deny("early")


def test_a_policy_that_does_not_say_what_it_looks_at() -> None:
    pattern = parse_pattern("/**")
    rules = compile_rules(
        [Rule("s", pattern, None, None, (policy("silent", policies={"silent": Silent}),))], {}
    )
    again = replayed(rules, record(rules), record(rules) | {"now": 1_795_000_001.0})
    assert [(each.change, each.count) for each in again.differences] == [("gains", 1)]


def test_a_record_that_lacks_something() -> None:
    whole = record(rule_set(("all", "/**", ["anyone"])))
    del whole["method"]
    with pytest.raises(ValueError, match="not a replayable decision record"):
        replayed(rule_set(("all", "/**", ["anyone"])), whole)


PLAIN_RULES = rule_set(("a", "/a/**", ["anyone"]), ("rest", "/**", ["anyone"]))


@pytest.mark.parametrize(
    ("old", "new", "change", "goes"),
    [
        ({}, {"a": {"upstream": "reports"}}, "moves", ("default", "reports")),
        ({"a": {"upstream": "reports"}}, {"a": {"upstream": "other"}}, "moves", ("reports", "other")),
        ({}, {"a": {"redirect": {"to": "/b"}}}, "moves", ("default", "redirect")),
        (
            {"a": {"redirect": {"to": "/b"}}},
            {"a": {"redirect": {"to": "/c"}}},
            "moves",
            ("redirect", "redirect"),
        ),
        ({"a": {"redirect": {"to": "/b"}}}, {}, "gains", ("redirect", "default")),
    ],
)
def test_requests_that_go_elsewhere(
    old: dict[str, Any], new: dict[str, Any], change: str, goes: tuple[str, str]
) -> None:
    before, after = with_handling(PLAIN_RULES, **old), with_handling(PLAIN_RULES, **new)
    again = replayed(after, record(before, "/a/b"), record(before, "/a"), record(before, "/x"))
    (found,) = again.differences
    assert (found.change, found.count, (found.then_goes, found.now_goes)) == (change, 2, goes)
    assert not replayed(before, record(before, "/a")).differences
