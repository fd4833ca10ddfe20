"""What a search lists is what brute force finds: no class of paths or people is missing, and none too many."""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings

from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.analysis.rule_inputs import RuleInputs
from gateway.analysis.search import OpenPaths, TooMany, allows, inexact_paths, let_in, open_paths
from gateway.model import DecisionInput, Identity
from gateway.plugin import Distinctions
from gateway.policy.evaluate import decide, rules_in_question
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import RuleSet
from tests.analysis.test_diff import PATHS, PEOPLE, RULE_SETS, compiled
from tests.policy.conftest import given, person, rule_set

# More by hand: SEARCH_RULE_SETS=5000 pytest tests/analysis/test_search.py
EXAMPLES = int(os.environ.get("SEARCH_RULE_SETS", "8"))
METHODS = ("GET", "PUT")
OWN = (parse_pattern("/oauth2/**"),)


def _asked(segments: tuple[str, ...], method: str, identity: Identity | None = None) -> DecisionInput:
    return given("/" + "/".join(segments), method, identity)


def _class_of(rules: RuleSet, segments: tuple[str, ...], identity: Identity) -> tuple[Any, ...]:
    """What the rules see of a path: the patterns that match, and codes of the person where some policy compares them."""
    values = template_values(rules.rules, identity_texts(identity))
    matching = [rule for rule in rules.rules if rule.pattern.match(segments) is not None]
    compared = compared_positions(matching)
    own = tuple((at, text) for at, text in enumerate(segments) if at in compared and text in values)
    return tuple(rule.id for rule in matching), own


def _paths(rules: RuleSet, method: str, identity: Identity | None) -> list[OpenPaths]:
    return list(open_paths(rules, _asked(("",), method, identity), OWN))


@settings(max_examples=EXAMPLES, deadline=None)
@for_all(RULE_SETS)
def test_the_paths_that_are_open_are_those_that_brute_force_finds(written: tuple[Any, ...]) -> None:
    rules = compiled(written)
    for identity, method in product(PEOPLE[1::3], METHODS):
        assert identity is not None
        found = _paths(rules, method, identity)
        for each in found:
            decision = decide(rules, _asked(tuple(each.path[1:].split("/")), method, identity))
            assert (decision.allowed, decision.rule) == (True, each.rule)
        classes = {_class_of(rules, tuple(each.path[1:].split("/")), identity) for each in found}
        for segments in PATHS:
            allowed = decide(rules, _asked(segments, method, identity)).allowed
            assert allowed == (_class_of(rules, segments, identity) in classes), segments


def _seen(identity: Identity, known: Distinctions, texts: set[str]) -> tuple[Any, ...]:
    """What the deciding rule sees of a person."""
    assert identity.organisation is not None
    code = identity.organisation.code
    held = {(right.name, right.context) for right in identity.rights if right.organisation == code}
    return (
        frozenset(held & set(known.rights)),
        (code if code in texts else None) if texts else None,
        identity.doelgroep if identity.doelgroep in known.doelgroepen else None,
    )


@settings(max_examples=EXAMPLES, deadline=None)
@for_all(RULE_SETS)
def test_those_who_are_let_in_are_those_that_brute_force_finds(written: tuple[Any, ...]) -> None:
    rules = compiled(written)
    for segments, method in product(PATHS, METHODS):
        asked = _asked(segments, method)
        found = let_in(rules, asked, "person")
        assert found.inexact is None
        assert all(decide(rules, asked._replace(identity=each)).allowed for each in found.identities)
        rule = next(rules_in_question(rules, asked), None)
        if rule is None:
            assert not found.identities
            continue
        known = RuleInputs(rule).distinctions
        variables = rule.pattern.match(segments) or {}
        templates = (
            {"v"} & set(variables) if "{v}" in str([each.to_data() for each in rule.require]) else set()
        )
        texts = {*known.organisations, *(variables[name] for name in templates)}
        classes = {_seen(each, known, texts) for each in found.identities}
        for identity in PEOPLE[1:]:
            assert identity is not None
            allowed = decide(rules, asked._replace(identity=identity)).allowed
            assert allowed == (_seen(identity, known, texts) in classes), (segments, identity)


def test_paths_of_the_gateway_itself_are_never_listed() -> None:
    rules = rule_set(("all", "/**", ["anyone"]))
    found = _paths(rules, "GET", person())
    assert [(each.path, each.pattern, each.below) for each in found] == [("/x", "/**", True)]
    assert not any(each.path.startswith("/oauth2") for each in found)


def test_a_rule_that_asks_elsewhere_is_listed_as_checked_again() -> None:
    rules = rule_set(("few", "/few", ["authenticated", {"rate": {"limit": 1, "window": "1m"}}]))
    (found,) = _paths(rules, "GET", person())
    assert found.checked_again
    asked = _asked(("few",), "GET", person())
    assert allows(rules, asked)
    assert not allows(rules, asked._replace(identity=None))
    listed = let_in(rules, asked, "person")
    assert len(listed.identities) == 1
    assert listed.inexact is not None


def test_programs_have_scopes_and_no_rights() -> None:
    rules = rule_set(
        ("api", "/api", [{"any": [{"machine": {"scopes": ["read"]}}, {"right": {"right": "lezer"}}]}])
    )
    (found,) = let_in(rules, _asked(("api",), "GET"), "machine").identities
    assert (found.kind, found.scopes, found.rights) == ("machine", ("read",), ())
    people = let_in(rules, _asked(("api",), "GET"), "person").identities
    assert people
    assert all(each.kind == "person" and each.rights and not each.scopes for each in people)


def test_too_many_classes_are_said_to_be_too_many() -> None:
    several = [{"claim": {"name": f"c{number}", "any_of": list(range(9))}} for number in range(6)]
    rules = rule_set(("many", "/many", [{"any": several}]))
    with pytest.raises(TooMany, match="classes of people"):
        let_in(rules, _asked(("many",), "GET"), "person")


def test_regular_expressions_are_said_to_be_inexact() -> None:
    assert inexact_paths(rule_set(("a", "/a", ["anyone"]))) is None


def test_a_rule_about_bound_sessions_lets_in_those_and_nobody_else() -> None:
    rules = rule_set(("a", "/a", [{"assurance": {"bound": True}}]), ("b", "/b", ["authenticated"]))
    found = let_in(rules, _asked(("a",), "GET"), "person").identities
    assert [each.bound for each in found] == [True]
    assert let_in(rules, _asked(("a",), "GET"), "machine").identities == ()
    assert len(let_in(rules, _asked(("b",), "GET"), "machine").identities) == 1
    assert {each.path for each in _paths(rules, "GET", person(bound=True))} == {"/a", "/b"}
    assert {each.path for each in _paths(rules, "GET", person())} == {"/b"}
