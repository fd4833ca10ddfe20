"""Rules that are open under a condition alone, before stricter ones."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.analysis.conditional import lint_conditional
from tests.policy.conftest import rule_set

HOST = "gw.test"
WINDOW: Any = {"schedule": {"from": "2026-12-24", "until": "2026-12-26"}}
STRICT: Any = [{"right": {"right": "indiener"}}]
_Rule = tuple[str, str, list[Any]] | tuple[str, str, list[Any], set[str]]


def found(*rules: _Rule) -> list[str]:
    return [finding.message for finding in lint_conditional(rule_set(*rules), [HOST])]


@pytest.mark.parametrize(
    ("require", "who"),
    [
        ([WINDOW], "to anyone ("),
        ([{"not": WINDOW}], "to anyone ("),
        ([{"schedule": {"hours": {"mon-fri": "08:00-18:00"}}}], "to anyone ("),
        (["authenticated", {"not": WINDOW}], "to anyone who is logged in"),
        ([{"any": [{"right": {"right": "lezer"}}, WINDOW]}], "to anyone ("),
        ([{"network": ["10.0.0.0/8"]}], "to anyone ("),
        ([{"not": {"network": ["10.0.0.0/8"]}}], "to anyone ("),
    ],
)
@pytest.mark.parametrize(
    ("top", "below"), [("/**", "/a/**"), ("/a/**", "/a/b"), ("/a/b", "/a/**"), ("/a/{x}", "/a/{y}")]
)
def test_they_are_found(require: list[Any], who: str, top: str, below: str) -> None:
    (message,) = found(("top", top, require), ("below", below, STRICT))
    assert who in message
    assert "'below' after it would not" in message


@pytest.mark.parametrize(
    "rules",
    [
        [("top", "/**", [*STRICT, WINDOW]), ("below", "/a/**", STRICT)],
        [("top", "/**", [WINDOW]), ("below", "/a/**", ["anyone"])],
        [("top", "/**", ["authenticated"]), ("below", "/a/**", STRICT)],
        [("top", "/x/**", [WINDOW]), ("below", "/a/**", STRICT)],
        [("top", "/x/**", [WINDOW]), ("below", "/**", STRICT)],
        [("top", "/**", [WINDOW], {"POST"}), ("below", "/a/**", STRICT, {"GET"})],
        [("below", "/a/**", STRICT), ("top", "/**", [WINDOW])],
    ],
)
def test_where_nothing_is_wrong(rules: list[_Rule]) -> None:
    assert found(*rules) == []


def test_the_moment_that_is_shown_is_one_at_which_it_is_open() -> None:
    (message,) = found(("top", "/**", [WINDOW]), ("below", "/a/**", STRICT))
    assert "for example at 2026-12-24 00:00" in message
