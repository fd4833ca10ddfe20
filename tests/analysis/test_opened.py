"""PathOpenings of paths in warnings and in comparisons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.analysis.opened import lint_openings, opening_changes
from gateway.path_openings import EMPTY_SEGMENTS, HASH, PARAMETERS, SLASH
from gateway.policy.ruleset import RuleSet, compile_rules
from tests.policy.conftest import rule_set

NONE: frozenset[str] = frozenset()


def opening(path: str, policy: str, *names: str, accepts: str = "") -> RuleSet:
    [rule] = rule_set(("files", path, [policy])).rules
    return compile_rules([replace(rule, opens_paths=frozenset(names), accepts=frozenset([accepts]))], {})


@pytest.mark.parametrize(
    ("path", "name", "here", "code"),
    [
        ("/files/**", SLASH, NONE, None),
        ("/files/{name}", HASH, NONE, None),
        ("/files/{name}", SLASH, NONE, "opens-nothing"),
        ("/files/{name}/x", EMPTY_SEGMENTS, NONE, "opens-nothing"),
        ("/files/list", PARAMETERS, NONE, "opens-nothing"),
        ("/files/**", SLASH, frozenset([SLASH]), "opens-nothing"),
    ],
)
def test_an_opening_without_effect(path: str, name: str, here: frozenset[str], code: str | None) -> None:
    found = list(lint_openings(opening(path, "authenticated", name), here))
    assert [finding.code for finding in found] == ([code] if code else [])
    assert not list(lint_openings(opening(path, "authenticated", name, accepts="opens-nothing"), here))


def test_what_lets_anyone_in_is_opened_with_a_warning() -> None:
    codes = [finding.code for finding in lint_openings(opening("/files/**", "anyone", HASH), NONE)]
    assert codes == ["opened-to-anyone"]
    by_environment = lint_openings(opening("/files/**", "anyone"), frozenset([SLASH]))
    assert "`encoded: %2F`" in next(by_environment).message
    assert not list(lint_openings(opening("/files/**", "anyone"), frozenset([PARAMETERS])))
    assert not list(lint_openings(opening("/files", "anyone"), frozenset([SLASH, HASH])))


def test_two_rules_in_other_letters_are_one() -> None:
    rules = rule_set(("one", "/Admin/{x}", ["authenticated"]), ("two", "/admin/{x}", ["authenticated"]))
    assert not list(lint_openings(rules, NONE))
    folding = compile_rules(rules.rules, {}, folds=True)
    [finding] = lint_openings(folding, NONE)
    assert finding.code == "case-only"
    assert "'one'" in finding.message


def test_a_comparison_names_what_was_opened_and_closed() -> None:
    old, new = opening("/files/**", "anyone", HASH), opening("/files/**", "anyone", SLASH)
    assert list(opening_changes(old, old, NONE, NONE)) == []
    assert list(opening_changes(old, new, frozenset([PARAMETERS]), NONE)) == [
        "- the environment does not open paths by `parameters: strip`",
        "+ rule 'files' opens paths by `encoded: %2F`",
        "- rule 'files' does not open paths by `encoded: %23`",
    ]
    folding = compile_rules(old.rules, {}, folds=True)
    assert list(opening_changes(old, folding, NONE, NONE)) == ["+ rules match without telling A-Z from a-z"]
