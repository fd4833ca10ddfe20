"""Path variables that policies use, and the values that matter."""

from __future__ import annotations

from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.policy.ruleset import templates
from tests.policy.conftest import person, rule_set

RULES = rule_set(
    ("a", "/o/{kbo}/{id}", [{"any": ["anyone", {"organisation": {"equals": "{kbo}"}}]}]),
    ("b", "/{code}/x", [{"organisation": {"equals": "OVO{code}"}}]),
    ("c", "/{unused}", ["anyone"]),
).rules


def test_templates_of_inner_policies_are_found() -> None:
    assert [each.text for policy in RULES[0].require for each in templates(policy)] == ["{kbo}"]


def test_only_positions_that_a_policy_uses() -> None:
    assert compared_positions(RULES) == {0, 1}
    assert compared_positions(RULES[2:]) == frozenset()


def test_values_that_render_to_a_text() -> None:
    assert template_values(RULES, {"OVO123"}) == {"OVO123", "123"}
    assert template_values(RULES[1:], {"456"}) == frozenset()


def test_texts_of_an_identity() -> None:
    assert identity_texts(None) == frozenset()
    assert identity_texts(person(doelgroep="EA", acr="urn:x", claims={"a": "b", "n": 1})) == {
        "somebody", "0456789034", "EA", "urn:x", "b",
    }  # fmt: skip
