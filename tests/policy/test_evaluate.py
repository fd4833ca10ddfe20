"""Decisions: first match, default deny, failures, ways to access, and the laws of all, any and not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.model import Identity, Missing
from gateway.plugin import LOGIN, Allow, Deny, Facts, NotApplicable, Policy, Question, Verdict, all_of, any_of
from gateway.policy.evaluate import NO_WEBSOCKET, decide, questions
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, compile_rules
from tests.policy.conftest import POLICIES, given, person, policy, rule_set, with_websockets


def test_the_first_rule_that_matches_decides(indiener: Identity) -> None:
    rules = rule_set(
        ("closed", "/a/b", [{"not": "anyone"}]),
        ("open", "/a/**", ["anyone"]),
        ("never", "/a/c", [{"not": "anyone"}]),
    )
    assert decide(rules, given("/a/b")).rule == "closed"
    assert not decide(rules, given("/a/b")).allowed
    assert decide(rules, given("/a/c")).rule == "open"
    assert decide(rules, given("/a/c")).allowed


def test_what_no_rule_matches_is_refused(indiener: Identity) -> None:
    rules = rule_set(("get", "/a", ["anyone"], {"GET", "HEAD"}))
    for request in (
        given("/b", identity=indiener),
        given("/a", "POST", indiener),
        given("/a/", identity=indiener),
    ):
        decision = decide(rules, request)
        assert not decision.allowed
        assert decision.rule is None
        assert decision.alternatives == ()


def test_right_and_context_and_organisation_must_all_be_equal() -> None:
    rules = rule_set(("r", "/", [{"right": {"right": "indiener"}}]))
    org = "0456789034"
    for held, remedy in (
        ((("OVAMGebruiker", "Indiener", org),), None),
        ((("OVAMGebruiker", "indiener", org),), "grant"),
        ((("OVAMGebruiker", "Lezer", org),), "grant"),
        ((("OVAMGebruiker", None, org),), "grant"),
        ((("OVAMGebruikers", "Indiener", org),), "grant"),
        ((("OVAMGebruiker", "Indiener", "0777000187"),), "switch"),
        ((("OVAMGebruiker", "Indiener", org + "1"),), "switch"),
        ((), "grant"),
    ):
        decision = decide(rules, given(identity=person(*held)))
        assert decision.allowed is (remedy is None)
        if remedy is not None:
            assert decision.alternatives[0][0].remedy == remedy
            assert decision.alternatives[0][0].granted_by == {"nl": "de lokale beheerder"}


def test_a_session_without_organisation_has_no_right() -> None:
    rules = rule_set(("r", "/", [{"right": {"right": "indiener"}}]))
    somebody = person(("OVAMGebruiker", "Indiener", "0456789034"), organisation=None)
    assert not decide(rules, given(identity=somebody)).allowed


def test_the_organisation_in_the_path(indiener: Identity) -> None:
    rules = rule_set(("own", "/o/{kbo}/**", [{"organisation": {"equals": "{kbo}"}}]))
    assert decide(rules, given("/o/0456789034/x", identity=indiener)).allowed
    other = decide(rules, given("/o/0777000187/x", identity=indiener))
    assert not other.allowed
    assert other.alternatives[0][0].organisation == "0777000187"
    assert other.variables == {"kbo": "0777000187"}


def test_nobody_is_asked_to_log_in() -> None:
    rules = rule_set(
        ("r", "/", [{"right": {"right": "indiener"}}]),
        ("n", "/n", [{"not": {"right": {"right": "indiener"}}}]),
    )
    for path in ("/", "/n"):
        decision = decide(rules, given(path))
        assert not decision.allowed
        assert decision.login_helps


class Broken(Policy, name="broken"):
    """Fails."""

    how: str = "raise"

    def decide(self, facts: Facts) -> Verdict:
        if self.how == "raise":
            raise RuntimeError("boom")
        return True  # type: ignore[return-value]


@pytest.mark.parametrize("how", ["raise", "return"])
@pytest.mark.parametrize("wrap", [None, "not", "any", "all"])
def test_a_policy_that_fails_refuses_whatever_is_round_it(how: str, wrap: str | None) -> None:
    policies = {**POLICIES, "broken": Broken}
    node: Any = {"broken": {"how": how}}
    if wrap == "not":
        node = {"not": node}
    elif wrap is not None:
        node = {wrap: [node, "anyone"]}
    rule = Rule("r", parse_pattern("/"), None, None, (policy(node, policies=policies),))
    decision = decide(compile_rules([rule], {}), given())
    assert not decision.allowed
    assert decision.error is not None
    assert decision.reason == "policy-failed"


def test_the_ways_are_the_smallest_sets_that_would_do() -> None:
    rules = rule_set(
        (
            "r",
            "/",
            [
                {
                    "any": [
                        {"all": [{"right": {"right": "indiener"}}, {"organisation": {"doelgroep": ["GID"]}}]},
                        {"right": {"right": "lezer"}},
                    ]
                }
            ],
        )
    )
    alternatives = decide(rules, given(identity=person(doelgroep="EA"))).alternatives
    assert [[missing.context or missing.kind for missing in alternative] for alternative in alternatives] == [
        ["Lezer"],
        ["Indiener", "doelgroep"],
    ]


def test_the_trace_says_the_same_as_the_decision(indiener: Identity) -> None:
    rules = rule_set(
        ("a", "/x", ["anyone"]), ("b", "/", ["anyone"], {"POST"}),
        ("c", "/", [{"any": [{"right": {"right": "lezer"}}, {"right": {"right": "indiener"}}]}]), ("d", "/**", ["anyone"]),
    )  # fmt: skip
    traced = decide(rules, given(identity=indiener), trace=True)
    plain = decide(rules, given(identity=indiener))
    assert (traced.allowed, traced.rule, traced.reason, traced.alternatives) == (
        plain.allowed,
        plain.rule,
        plain.reason,
        plain.alternatives,
    )
    assert [(rule.rule, rule.matched, rule.why) for rule in traced.trace] == [
        ("a", False, "path"), ("b", False, "method"), ("c", True, "matches"),
    ]  # fmt: skip
    (any_of,) = traced.trace[2].policies
    assert [type(part.verdict).__name__ for part in any_of.parts] == ["Deny", "Allow"]


MISSING = st.sampled_from([Missing("right", "grant", right=name) for name in "abc"])
WAYS = st.lists(
    st.lists(MISSING, max_size=3, unique_by=lambda missing: missing.right).map(tuple), max_size=3
).map(tuple)
VERDICTS = st.one_of(
    st.just(Allow()), st.builds(Deny, st.just("no"), WAYS), st.builds(NotApplicable, st.just("unclear"), WAYS)
)


class Fixed(Policy, name="fixed"):
    """Gives the verdict that it holds."""

    verdict: Any

    def decide(self, facts: Facts) -> Verdict:
        return self.verdict  # type: ignore[no-any-return]


def verdict(node_type: str, *verdicts: Verdict) -> Verdict:
    parts = tuple(Fixed(verdict=each) for each in verdicts)
    cls = POLICIES[node_type]
    built = cls.model_validate({"policy": parts[0]} if node_type == "not" else {"policies": parts})
    return Facts("GET", "h", "/", "c", 0.0).ask(built)


@for_all(VERDICTS, VERDICTS, VERDICTS)
def test_the_laws_of_all_any_and_not(a: Verdict, b: Verdict, c: Verdict) -> None:
    kind = type
    assert kind(verdict("all", a, b)) is kind(verdict("all", b, a))
    assert kind(verdict("any", a, b)) is kind(verdict("any", b, a))
    assert kind(verdict("all", a, verdict("all", b, c))) is kind(verdict("all", verdict("all", a, b), c))
    assert kind(verdict("not", verdict("not", a))) is kind(a)
    # De Morgan
    neither = verdict("all", verdict("not", a), verdict("not", b))
    assert kind(verdict("not", verdict("any", a, b))) is kind(neither)
    assert kind(verdict("all", a)) is kind(verdict("any", a)) is kind(a)


@for_all(WAYS, WAYS)
def test_ways_are_minimal_and_bounded(a: Any, b: Any) -> None:
    for alternatives in (all_of(a, b), any_of(a, b)):
        assert len(alternatives) <= 16
        for alternative in alternatives:
            names = {missing.right for missing in alternative}
            assert not any(
                other is not alternative and {missing.right for missing in other} <= names
                for other in alternatives
            )


@for_all(st.sampled_from(["/", "/x", "/o/1/z", "/nothing"]), st.booleans())
def test_a_decision_is_a_pure_function_of_its_input(path: str, logged_in: bool) -> None:
    rules = rule_set(
        ("o", "/o/{k}/**", [{"organisation": {"equals": "{k}"}}]),
        ("x", "/x", ["authenticated"]),
        ("h", "/", ["anyone"]),
    )
    request = given(path, identity=person() if logged_in else None)
    assert decide(rules, request) == decide(rules, request)


def test_login_is_what_nobody_misses() -> None:
    assert LOGIN[0][0].kind == "login"


def test_a_websocket_needs_a_rule_that_says_so_whoever_asks() -> None:
    closed = rule_set(("a", "/a/{x}", ["anyone"]), ("b", "/**", ["authenticated"]))
    opened = with_websockets(closed, "b")
    found = decide(closed, given("/a/1", websocket=True))
    assert (found.allowed, found.rule, found.reason, found.login_helps) == (
        *(False, "a", NO_WEBSOCKET, False),
    )
    assert decide(closed, given("/a/1")).allowed
    assert decide(opened, given("/b", websocket=True)).login_helps
    assert decide(opened, given("/b", identity=person(), websocket=True)).allowed
    assert (closed.hash == opened.hash, closed.rules[0].to_dict() == opened.rules[0].to_dict()) == (
        False,
        True,
    )


def test_no_facts_are_asked_for_a_websocket_that_is_denied_anyway() -> None:
    rules = rule_set(("a", "/**", [{"rate": {"limit": 5, "window": "60s"}}]))
    assert questions(rules, given(identity=person()))
    assert not questions(rules, given(identity=person(), websocket=True))
    assert questions(with_websockets(rules, "a"), given(identity=person(), websocket=True))


@pytest.mark.parametrize("problem", [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), ValueError("x")])
def test_whatever_a_policy_raises_denies(problem: BaseException) -> None:
    class Odd(Policy, name=f"odd-{type(problem).__name__.lower()}"):
        def decide(self, facts: Facts) -> Verdict:
            raise problem

        def question(self, facts: Facts) -> Question | None:
            raise problem

    rules = compile_rules([Rule("r", parse_pattern("/**"), None, None, (Odd(),))], {})
    assert questions(rules, given("/a")) == ()
    found = decide(rules, given("/a"))
    assert (found.allowed, found.reason) == (False, "policy-failed")
    assert type(problem).__name__ in (found.error or "")
