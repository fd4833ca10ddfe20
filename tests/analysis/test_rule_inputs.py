"""What a rule depends on, and when two rules are certainly alike."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.analysis.path_partition import PathClass
from gateway.analysis.rule_inputs import RuleInputs
from gateway.policy.pattern import parse_pattern, parse_regex
from gateway.policy.ruleset import Rule
from tests.policy.conftest import policy, rule_set

OWN = {"organisation": {"equals": "{kbo}"}}


def inputs(path: str, require: list[Any]) -> RuleInputs:
    return RuleInputs(rule_set(("a", path, require)).rules[0])


def test_values_of_templates_with_their_description() -> None:
    found = inputs("/o/{kbo}", [OWN])
    assert found.inexact is None
    path_class = PathClass(("o", "1"), (0,), below=False)
    assert found.rendered(path_class, parse_pattern("/o/{code}")) == {"1": "{code}"}
    assert found.rendered(path_class, parse_pattern("/o/1")) == {"1": "1"}


@pytest.mark.parametrize(
    ("path", "require", "alike"),
    [
        ("/o/{kbo}/x", [OWN], True),
        ("/{kbo}", [OWN], False),
        ("/o/{kbo}", ["anyone"], False),
    ],
)
def test_alike(path: str, require: list[Any], alike: bool) -> None:
    assert inputs("/o/{kbo}", [OWN]).alike(inputs(path, require)) is alike


def test_a_regular_expression_is_not_exact() -> None:
    found = RuleInputs(Rule("a", parse_regex("/a.*"), None, None, (policy("anyone"),)))
    assert found.inexact == "rule 'a' has a regular expression, for which only example paths are compared"
