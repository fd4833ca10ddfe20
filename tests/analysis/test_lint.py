"""Lints: what is called unreachable is what brute force finds unreachable; what is public is what lets nobody-knows-who in."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.lint import lint, regex_risks, unreachable
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_regex
from gateway.policy.ruleset import Rule, compile_rules
from tests.analysis.test_path_partition import patterns
from tests.policy.conftest import given, policy, rule_set, with_handling, with_websockets

HOST = "gw.test"
METHODS = st.one_of(st.none(), st.sets(st.sampled_from(["GET", "HEAD", "POST"]), min_size=1))
# Every way in which a path can look to patterns of at most three segments over a and b.
PATHS = [
    "/" + "/".join((*words, *end))
    for size in range(5)
    for words in product(("a", "b", "xx", "other"), repeat=size)
    for end in ((), ("",))
    if words or end
]


@for_all(st.lists(st.tuples(patterns(), METHODS), min_size=1, max_size=5))
def test_unreachable_is_what_brute_force_finds(made: list[tuple[object, set[str] | None]]) -> None:
    rules = compile_rules(
        [
            Rule(f"r{n}", pattern, frozenset(methods) if methods else None, None, (policy("authenticated"),))  # type: ignore[arg-type]
            for n, (pattern, methods) in enumerate(made)
        ],
        {},
    )
    deciding = {
        decide(rules, given(path, method)).rule
        for path in PATHS
        for method in ("GET", "HEAD", "POST", "DELETE")
    }
    assert unreachable(rules, [HOST]) == {rule.id for rule in rules.rules} - deciding


@for_all(st.lists(st.tuples(patterns(), METHODS), min_size=2, max_size=5))
def test_the_witness_shows_it(made: list[tuple[object, set[str] | None]]) -> None:
    rules = compile_rules(
        [
            Rule(f"r{n}", pattern, frozenset(methods) if methods else None, None, (policy("authenticated"),))  # type: ignore[arg-type]
            for n, (pattern, methods) in enumerate(made)
        ],
        {},
    )
    for finding in lint(rules, [HOST]):
        if finding.code == "unreachable":
            path, _, winner = (
                finding.message.partition(": ")[2].split("; ")[0].partition(" is decided by rule ")
            )
            methods = ("GET", "HEAD", "POST", "DELETE")
            assert winner.split("'")[1] in {decide(rules, given(path, method)).rule for method in methods}


def test_ten_thousand_rules_are_looked_through() -> None:
    rules = rule_set(*((f"r{n}", f"/a{n % 5_000}/**", ["authenticated"]) for n in range(10_000)))
    assert len(unreachable(rules, [HOST])) == 5_000


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("/a", []),
        ("/a.b", ["regex-dot"]),
        (r"/a\.b", []),
        ("/[.]b", []),
        ("/a.*", []),
        ("/a.*/b", ["regex-slash"]),
        ("/a.+/b.c", ["regex-dot", "regex-slash"]),
        ("/a[^/]*/b", []),
        ("^/a.$", ["regex-dot"]),
    ],
)
def test_regular_expressions(text: str, codes: list[str]) -> None:
    assert [code for code, _ in regex_risks(text)] == codes


def test_of_an_expression_only_what_is_certain_is_said() -> None:
    closed = (policy("authenticated"),)
    rules = compile_rules(
        [
            Rule("maybe", parse_regex("/a/.*"), None, None, closed),
            *rule_set(("after", "/a/**", ["authenticated"])).rules,
            Rule("late", parse_regex("/a/[0-9]+"), None, None, closed),
            Rule("free", parse_regex("/b/[0-9]+"), None, None, closed),
        ],
        {},
    )
    assert unreachable(rules, [HOST]) == {"late"}
    (finding,) = lint(rules, [HOST])
    assert finding.message == "rule 'late' decides nothing: /a/0 is decided by rule 'after' before it"


def test_a_policy_that_fails_or_asks_lets_nobody_in() -> None:
    rules = rule_set(
        ("asks", "/a/b", [{"rate": {"limit": 1, "window": "1m", "per": "client"}}]),
        ("near", "/a/c", [{"network": ["10.0.0.0/8"]}]),
        ("whole", "/a/**", ["authenticated"]),
    )
    assert list(lint(rules, [HOST])) == []


@pytest.mark.parametrize(
    ("to", "loops"),
    [("/a/x", True), (f"https://{HOST}/a/b", True), ("/b", False), ("https://other.test/a/b", False)],
)
def test_a_redirect_to_itself(to: str, loops: bool) -> None:
    rules = with_handling(rule_set(("a", "/a/**", ["anyone"])), a={"redirect": {"to": to}})
    assert ("redirect-loop" in [each.code for each in lint(rules, [HOST])]) is loops


def test_a_websocket_that_nothing_can_open() -> None:
    rules = with_websockets(
        rule_set(
            ("posts", "/a/**", ["authenticated"], {"POST"}),
            ("reads", "/b/**", ["authenticated"], {"GET", "HEAD"}),
            ("rest", "/b/**", ["authenticated"]),
            ("fine", "/c/**", ["authenticated"]),
        ),
        *("posts", "rest", "fine"),
    )
    found = {finding.message.split("'")[1]: finding for finding in lint(rules, [HOST])}
    assert {name: finding.code for name, finding in found.items()} == dict.fromkeys(
        ("posts", "rest"), "websocket-method"
    )
    assert found["posts"].message.endswith("its methods leave it out")
    assert found["rest"].message.endswith("rules before it do")
