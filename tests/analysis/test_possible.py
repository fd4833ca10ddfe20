"""Rules that let in nobody, and options that let in nobody more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.analysis.possible import lint_possible
from gateway.policy.ruleset import compile_rules
from tests.policy.conftest import rule_set

RIGHT: Any = {"right": {"right": "indiener"}}
OTHER: Any = {"right": {"right": "lezer"}}
GID: Any = {"organisation": {"doelgroep": ["GID"]}}
EA: Any = {"organisation": {"doelgroep": ["EA"]}}
MONDAY: Any = {"schedule": {"hours": {"mon": "08:00-12:00"}}}
TUESDAY: Any = {"schedule": {"hours": {"tue": "08:00-12:00"}}}
PROGRAM: Any = {"machine": {"scopes": ["write"]}}


def found(*require: Any, path: str = "/a/{kbo}/**", accepts: set[str] | None = None) -> list[tuple[str, str]]:
    rules = rule_set(("a", path, list(require)))
    rules = compile_rules([replace(rules.rules[0], accepts=frozenset(accepts or ()))], rules.rights)
    return [(finding.code, finding.message) for finding in lint_possible(rules)]


@pytest.mark.parametrize(
    "require",
    [
        [GID, EA],
        [RIGHT, {"not": RIGHT}],
        [MONDAY, TUESDAY],
        [{"not": "anyone"}],
        [PROGRAM, RIGHT],
        [{"any": [{"all": [GID, EA]}, {"all": [MONDAY, TUESDAY]}]}],
        [{"network": ["10.0.0.0/24"]}, {"not": {"network": ["10.0.0.0/8"]}}],
        [{"organisation": {"equals": "{kbo}"}}, {"not": {"organisation": {"equals": "{kbo}"}}}],
    ],
)
def test_nobody_is_let_in(require: list[Any]) -> None:
    ((code, message),) = found(*require)
    assert code == "nobody-allowed"
    assert "rule 'a' lets in nobody" in message
    assert not found(*require, accepts={"nobody-allowed"})


@pytest.mark.parametrize(
    "require",
    [
        ["anyone"],
        [RIGHT, OTHER],
        [RIGHT, GID],
        [{"any": [GID, EA]}, RIGHT],
        [MONDAY, {"not": TUESDAY}],
        [PROGRAM],
        [{"organisation": {"equals": "{kbo}"}}],
        [{"any": [PROGRAM, RIGHT, {"all": [GID, OTHER]}]}],
        [{"rate": {"limit": 1, "window": "1m"}}],
        [{"all": [RIGHT, RIGHT]}],
        [{"all": [RIGHT, "authenticated"]}],
    ],
)
def test_somebody_is(require: list[Any]) -> None:
    assert not found(*require)


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        (["authenticated", RIGHT], RIGHT),
        ([RIGHT, "anyone"], RIGHT),
        ([RIGHT, RIGHT], RIGHT),
        ([RIGHT, {"all": [RIGHT, GID]}], {"all": [RIGHT, GID]}),
    ],
)
def test_an_option_without_effect(options: list[Any], idle: Any) -> None:
    (message,) = (words for code, words in found({"any": options}) if code == "idle-option")
    assert message.startswith("rule 'a': under `any`")
    assert not found({"any": options}, accepts={"idle-option"})


def test_what_is_not_known_is_not_judged() -> None:
    assert not found({"remote": {"url": "https://engine.example.be"}}, {"not": "anyone"})


def test_a_bound_session_is_possible_for_people_only() -> None:
    bound: Any = {"assurance": {"bound": True}}
    assert found(RIGHT, bound) == []
    assert [code for code, _ in found(PROGRAM, bound)] == ["nobody-allowed"]
    assert found({"any": [PROGRAM, bound]}) == []
