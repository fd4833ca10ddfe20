"""Rules and rights as they are written: validated once, and compiled from the validated settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.policy.settings import MatchSettings, RightSettings, RuleSettings
from tests.policy.conftest import policy


def faults(model: Any, written: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(written)
    return [
        (".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, "))
        for each in refused.value.errors()
    ]


ONE = "give the path, or else a regex"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, [("", ONE)]),
        ({"path": "/a", "regex": "/b"}, [("regex", ONE)]),
        ({"path": "a", "regex": "/b"}, [("path", "a path starts with a slash: write /a"), ("regex", ONE)]),
        ({"pth": "/a"}, [("pth", "Extra inputs are not permitted")]),
        ({"regex": "b"}, [("regex", "a regular expression matches the whole path: begin it with a slash")]),
        (
            {"path": "a", "hosts": "A.be"},
            [("path", "a path starts with a slash: write /a"), ("hosts", "Input should be a valid tuple")],
        ),
    ],
)
def test_every_fault_of_a_match_is_reported(written: Any, expected: list[tuple[str, str]]) -> None:
    assert faults(MatchSettings, written) == expected


def test_a_rule_is_compiled_from_its_settings() -> None:
    written = {
        "id": "a", "label": {"nl": "A"}, "accept": ["shadowed"], "require": ["anyone"],
        "match": {"path": "/a/{x}", "methods": ["GET"], "hosts": ["gw.test"]},
    }  # fmt: skip
    anyone = policy("anyone")
    rule = RuleSettings.model_validate(written).rule((anyone,), ("config.yaml", 3, 5))
    assert (rule.id, rule.pattern.variables, rule.at) == ("a", ("x",), ("config.yaml", 3, 5))
    assert (rule.methods, rule.hosts) == ({"GET", "HEAD"}, {"gw.test"})
    assert (rule.require, rule.label, rule.accepts) == ((anyone,), {"nl": "A"}, {"shadowed"})


def test_a_right_as_policies_see_it() -> None:
    named = RightSettings(right="A", context="B", label={"nl": "x"}, phone="1700").named("key")
    assert (named.key, named.right, named.context, named.label, named.contact) == (
        "key", "A", "B", {"nl": "x"}, {"phone": "1700"},
    )  # fmt: skip
