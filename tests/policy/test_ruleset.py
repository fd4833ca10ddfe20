"""Compiled rules decide as a plain scan does: patterns, regular expressions, methods and hosts, in any mixture."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.model import DecisionInput
from gateway.policy.evaluate import decide
from gateway.policy.pattern import Pattern, parse_pattern, parse_regex
from gateway.policy.ruleset import Rule, claims_of, compile_rules, walk
from tests.analysis.test_path_partition import patterns
from tests.policy.conftest import policy

HOSTS = ["gw.test", "a.gw.test", "b.a.gw.test"]
EXPRESSIONS = st.sampled_from(
    ["/a/.*", "/(a|b)", "/a(/(?P<v>[0-9]+))?", "/xx/[^/]+/b", "/.*", r"/b/x\.y", "/(?P<v>[ab]+)/.*"]
)
RULES = st.tuples(
    st.one_of(patterns(), EXPRESSIONS.map(parse_regex)),
    st.one_of(st.none(), st.frozensets(st.sampled_from(["GET", "POST"]), min_size=1)),
    st.one_of(st.none(), st.frozensets(st.sampled_from(["gw.test", "*.gw.test"]), min_size=1)),
)
REQUESTS = st.tuples(
    st.lists(st.sampled_from(["a", "b", "xx", "12", "x.y"]), max_size=3),
    st.sampled_from(["", "/"]),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(HOSTS),
)
ANYONE = policy("anyone")


def plainly(pattern: Pattern, path: str) -> bool:
    """The meaning of a pattern, said in another way than the code says it."""
    if pattern.expression is not None:
        found = re.fullmatch(pattern.expression.text, path)
        return found is not None and all(found.groupdict().values())
    text = pattern.text.removesuffix("/**")
    text = re.sub(r"\\\{[a-z]+\\\}", "[^/]+", re.escape(text))
    return re.fullmatch(f"{text}(/.*)?" if pattern.rest else text, path) is not None


def host_fits(hosts: frozenset[str] | None, host: str) -> bool:
    return hosts is None or any(
        host == each or (each[0] == "*" and host.endswith(each[1:]) and host.count(".") == each.count("."))
        for each in hosts
    )


@for_all(st.lists(RULES, max_size=6), REQUESTS)
def test_the_first_rule_that_matches_plainly_decides(
    made: list[tuple[Pattern, frozenset[str] | None, frozenset[str] | None]],
    request: tuple[list[str], str, str, str],
) -> None:
    words, end, method, host = request
    path = "/" + "/".join(words) + (end if words else "")
    rules = compile_rules([Rule(f"r{n}", *each, (ANYONE,)) for n, each in enumerate(made)], {})
    given = DecisionInput(method, host, path, tuple(path[1:].split("/")), "192.0.2.1", 0.0)
    expected = next(
        (
            f"r{n}"
            for n, (pattern, methods, hosts) in enumerate(made)
            if plainly(pattern, path) and (methods is None or method in methods) and host_fits(hosts, host)
        ),
        None,
    )
    before = (rules.hash, given._replace())
    decision = decide(rules, given)
    assert decision.rule == expected
    assert decision.allowed is (expected is not None)
    # Deciding changes nothing, and comes to the same again, with a trace too.
    assert decide(rules, given) == decision
    assert decide(rules, given, trace=True).rule == expected
    assert (rules.hash, given) == before


def test_the_hash_depends_on_content_and_order_only() -> None:
    one, other = (Rule(name, parse_pattern(f"/{name}"), None, None, (ANYONE,)) for name in ("a", "b"))
    rules = compile_rules([one, other], {})
    assert rules == compile_rules([replace(one, at=("other.yaml", 7, 1), label={"nl": "x"}), other], {})
    assert rules != compile_rules([other, one], {})
    assert rules.hash != compile_rules([replace(one, methods=frozenset({"GET"})), other], {}).hash


def test_inner_policies_are_walked_outer_ones_first() -> None:
    nested = policy({"any": [{"not": "authenticated"}, "anyone"]})
    assert [each.policy_name for each in walk([nested])] == ["any", "not", "authenticated", "anyone"]


def test_claims_that_rules_use() -> None:
    claim = policy({"not": {"claim": {"name": "function", "equals": "x"}}})
    assert claims_of(compile_rules([Rule("a", parse_pattern("/a"), None, None, (claim,))], {})) == {
        "function"
    }
