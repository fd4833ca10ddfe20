"""Tests in the rule file: what they find, and invariants that hold for every path of a pattern."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.suite import Case, Invariant, Suite, all_methods, run, unexercised
from gateway.model import Identity
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import RuleSet
from tests.policy.conftest import given, person, rule_set, with_handling

HERE = ("config.yaml", 1, 1)
INDIENER = person(("OVAMGebruiker", "Indiener", "0456789034"))
RULES = rule_set(
    ("open", "/static/**", ["anyone"]),
    (
        "own",
        "/organisaties/{kbo}/**",
        [{"right": {"right": "indiener"}}, {"organisation": {"equals": "{kbo}"}}],
    ),
    ("rest", "/**", [{"any": [{"right": {"right": "indiener"}}, {"right": {"right": "lezer"}}]}], {"GET"}),
)


def failure(rules: RuleSet, **facts: Any) -> str | None:
    identity = facts.pop("identity", INDIENER)
    asked = given(facts.pop("path", "/"), facts.pop("method", "GET"), identity)
    case = Case("t", HERE, asked, facts.pop("expect", "allow"), **facts)
    (outcome,) = run(rules, Suite((case,)))
    return outcome.failure


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, None),
        ({"rule": "rest"}, None),
        ({"rule": "own"}, "expected rule 'own' to decide, but rule 'rest' does"),
        ({"expect": "deny"}, "expected deny, but rule 'rest' allows it"),
        (
            {"identity": person()},
            "expected allow, but rule 'rest' denies it (right-missing); missing is indiener, or lezer",
        ),
        (
            {"identity": None},
            "expected allow, but rule 'rest' denies it (not-logged-in); missing is login",
        ),
        (
            {"method": "POST"},
            "expected allow, but no rule matches, which denies it (no-rule); nothing would help",
        ),
        ({"identity": person(), "expect": "deny", "missing": frozenset({"lezer"})}, None),
        (
            {"identity": person(), "expect": "deny", "missing": frozenset({"lezer", "indiener"})},
            "expected indiener, lezer to be missing, but missing is indiener, or lezer",
        ),
        ({"identity": person(), "expect": "deny", "reason": "right-missing"}, None),
        (
            {"identity": person(), "expect": "deny", "reason": "network"},
            "expected the reason 'network', but it is 'right-missing'",
        ),
        ({"path": "/organisaties/0456789034/x", "rule": "own"}, None),
        (
            {"path": "/organisaties/1/x", "identity": person(), "expect": "deny",
             "missing": frozenset({"indiener", "organisation"})},
            None,
        ),
    ],
)  # fmt: skip
def test_a_test_says_what_is_wrong(facts: dict[str, Any], words: str | None) -> None:
    assert failure(RULES, **facts) == words


def test_rules_that_no_test_exercises() -> None:
    suite = Suite((Case("t", HERE, given("/", "GET", INDIENER), "allow"),))
    assert unexercised(RULES, tuple(run(RULES, suite))) == ("open", "own")


def never(rules: RuleSet, request: str, identity: Identity | None, *hosts: str) -> str | None:
    method, _, path = request.partition(" ")
    invariant = Invariant(
        request, HERE, all_methods(method), parse_pattern(path), identity, hosts or ("gw.test",)
    )  # fmt: skip
    (outcome,) = run(rules, Suite((), (invariant,)))
    return outcome.failure


@pytest.mark.parametrize(
    ("request_", "identity", "words"),
    [
        ("ANY /organisaties/**", None, None),
        ("POST /**", None, "must never be allowed, but rule 'open' allows POST /static"),
        ("DELETE /meldingen/**", INDIENER, None),
        (
            "GET /meldingen/**",
            INDIENER,
            "must never be allowed, but rule 'rest' allows GET /meldingen",
        ),
        # Only one path of the pattern is open, and that one is found.
        (
            "DELETE /organisaties/{kbo}/meldingen",
            INDIENER,
            "must never be allowed, but rule 'own' allows DELETE /organisaties/0456789034/meldingen",
        ),
        ("DELETE /organisaties/0777000187/**", INDIENER, None),
        ("DELETE /organisaties/**", person(("OVAMGebruiker", "Lezer", "0456789034")), None),
        (
            "GET /**",
            INDIENER,
            "must never be allowed, but rule 'open' allows GET /static; rule 'own' allows "
            "GET /organisaties/0456789034; rule 'rest' allows GET /x",
        ),
    ],
)
def test_what_must_never_be(request_: str, identity: Identity | None, words: str | None) -> None:
    found = never(RULES, request_, identity)
    if words is None:
        assert found is None
    else:
        assert found is not None
        assert sorted(found.partition("but ")[2].split("; ")) == sorted(
            words.partition("but ")[2].split("; ")
        )


WORDS = st.sampled_from(["a", "b", "{v}", "{w}"])
REQUIRES = st.sampled_from(
    [
        ["anyone"],
        [{"not": "anyone"}],
        [{"right": {"right": "indiener"}}],
        [{"organisation": {"equals": "{v}"}}],
    ]
)


@st.composite
def rules_of(draw: st.DrawFn) -> tuple[str, list[Any]]:
    words = draw(st.lists(WORDS, min_size=1, max_size=2, unique=True))
    path = "/" + "/".join(words) + draw(st.sampled_from(["", "/**"]))
    require = draw(REQUIRES)
    if "{v}" not in path and "organisation" in require[0]:
        require = ["anyone"]
    return path, require


PATHS = st.lists(st.sampled_from(["a", "b", "0456789034", "other"]), min_size=1, max_size=3).map(tuple)


@for_all(st.lists(rules_of(), max_size=4), rules_of(), PATHS)
def test_never_is_decided_for_every_path(
    written: list[tuple[str, list[Any]]], about: tuple[str, list[Any]], path: tuple[str, ...]
) -> None:
    rules = rule_set(*((f"r{number}", *rule) for number, rule in enumerate(written)))
    pattern = parse_pattern(about[0])
    if never(rules, f"GET {about[0]}", INDIENER) is None and pattern.match(path) is not None:
        assert not decide(rules, given("/" + "/".join(path), "GET", INDIENER)).allowed


NIGHT = {"schedule": {"hours": {"sat": "02:00-03:00"}}}
INSIDE = {"network": ["10.1.0.0/16"]}
COUNTED = {"rate": {"limit": 1, "window": "1m"}}


@pytest.mark.parametrize(
    "require", [[NIGHT], [INSIDE], [NIGHT, INSIDE], [COUNTED], [{"any": [COUNTED, NIGHT]}]]
)
def test_never_means_from_nowhere_and_at_no_time(require: list[Any]) -> None:
    rules = rule_set(("a", "/a", require))
    assert never(rules, "GET /a", INDIENER) == "must never be allowed, but rule 'a' allows GET /a"
    only = Invariant("t", HERE, ("GET",), parse_pattern("/a"), INDIENER, ("gw.test",), "192.0.2.1", 0.0)
    (outcome,) = run(rules, Suite((), (only,)))
    assert (outcome.failure is None) == (COUNTED not in require and require != [{"any": [COUNTED, NIGHT]}])


MOVED = with_handling(RULES, open={"redirect": {"to": "/new"}}, rest={"upstream": "reports"})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"path": "/static/x", "expect": "redirect", "to": "/new"}, None),
        ({"path": "/static/x", "expect": "allow"}, "expected allow, but rule 'open' redirects it to /new"),
        ({"path": "/static/x", "expect": "deny"}, "expected deny, but rule 'open' redirects it to /new"),
        (
            {"path": "/static/x", "expect": "redirect", "to": "/old"},
            "expected a redirect to /old, but it goes to /new",
        ),
        ({"path": "/meldingen/1", "upstream": "reports"}, None),
        (
            {"path": "/meldingen/1", "upstream": "default"},
            "expected upstream 'default', but rule 'rest' sends it to 'reports'",
        ),
    ],
)
def test_where_a_request_goes(facts: dict[str, Any], words: str | None) -> None:
    assert failure(MOVED, **facts) == words


def test_a_redirect_breaks_no_invariant() -> None:
    assert never(RULES, "GET /static/**", None) is not None
    assert never(MOVED, "GET /static/**", None) is None
