"""Loading: every problem at once, and what is watched for changes."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return [problem.message.partition(";")[0] for problem in refused.value.problems]


def test_faults_of_rules_environments_and_tests_are_reported_together(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["prd"]["listen"] = all_of["ti"]["listen"]
    path = write_config(
        tmp_path, all_of, rules=[rule("a"), rule("b", require="anyon"), {"id": "c", "match": {"path": "c"}}]
    )
    path.write_text(f"{path.read_text()}tests:\n- {{request: GET /a, expect: allow, as: nobody}}\n")
    found = problems(path)
    assert sum("share their listen address" in each for each in found) == 2
    assert [each for each in found if "share" not in each] == [
        "unknown policy 'anyon'",
        "the key 'require' is missing here",
        "a path starts with a slash: write /c",
        "unknown person 'nobody'",
    ]


def test_a_fault_in_a_rule_does_not_hide_others_in_the_same_rule(tmp_path: Path) -> None:
    wrong = {
        "id": "a",
        "match": {"path": "/{kbo}", "methods": ["get"]},
        "require": ["anyon", {"organisation": {"equals": "{kb}"}}, {"organisation": {"equals": "{kbo}"}}],
    }
    path = write_config(
        tmp_path, environments(tmp_path), rules=[wrong, {"id": "a", "match": [], "require": "x"}]
    )
    assert problems(path) == [
        "'get' is not one of: 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE' or 'OPTIONS'",
        "unknown policy 'anyon'",
        "unknown path variable 'kb'",
        f"the id 'a' is used twice, first at line {_line(path, '- id: a')}",
        "a block of keys is expected here, not a list",
        "a list is expected here, between [ ] or one line each behind a hyphen, not 'x'",
    ]


def _line(path: Path, text: str) -> int:
    return 1 + path.read_text().splitlines().index(text)


def test_folders_with_included_rules_and_policies_are_watched(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text("rules:\n- {id: a, match: {path: /a}, require: [anyone]}\n")
    path = write_config(tmp_path, environments(tmp_path), rules=[{"include": "rules/*.yaml"}])
    assert {path, tmp_path / "rules/a.yaml", tmp_path / "rules"} <= set(load(path).watched)
    assert gc.isenabled()
