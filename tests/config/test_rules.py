"""Rules of one environment: they stand around the shared ones, and touch no other environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import ConfigError, load
from tests.config.test_lock import environments
from tests.gateways import write_config


def rule(name: str, path: str = "/**", require: Any = "anyone") -> dict[str, Any]:
    return {"id": name, "match": {"path": path}, "require": [require]}


def ids(path: Path) -> dict[str, list[str]]:
    return {name: [rule.id for rule in rules.rules] for name, rules in load(path).rules.items()}


def test_they_stand_around_the_shared_ones(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [rule("try")], "after": [rule("last")]}
    path = write_config(tmp_path, all_of, rules=[rule("a"), rule("b")])
    assert ids(path) == {"ti": ["try", "a", "b", "last"], "prd": ["a", "b"]}
    config = load(path)
    assert config.rules["ti"].hash != config.rules["prd"].hash
    assert config.rules["ti"].rules[1] == config.rules["prd"].rules[0]


def test_every_rule_knows_where_it_stands(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [rule("try")]}
    path = write_config(tmp_path, all_of, rules=[rule("a")])
    lines = path.read_text().splitlines()
    for found in load(path).rules["ti"].rules:
        file, line, column = found.at
        assert file == str(path)
        assert lines[line - 1][column - 1 :] == f"id: {found.id}"


def test_faults_in_them_are_told_where_they_stand(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [rule("a")], "after": [rule("x", require="anyon")]}
    all_of["prd"]["rules"] = {"befor": []}
    path = write_config(tmp_path, all_of, rules=[rule("a")])
    with pytest.raises(ConfigError) as refused:
        load(path)
    words = str(refused.value)
    assert "the id 'a' is used twice, first at line" in words
    assert "unknown policy 'anyon'; did you mean 'anyone'?" in words
    assert "unknown key 'befor'; did you mean 'before'? (known: after, before)" in words
    assert len(refused.value.problems) == 3
    assert yaml.safe_load(path.read_text())["environments"]["ti"]["rules"]


def test_an_alias_of_a_rule_is_told_as_one(tmp_path: Path) -> None:
    path = write_config(tmp_path, environments(tmp_path), rules=[rule("a")])
    path.write_text(path.read_text().replace("- id: a\n", "- &a\n  id: a\n") + "- *a\n")
    with pytest.raises(ConfigError) as refused:
        load(path)
    (problem,) = refused.value.problems
    assert (
        problem.message
        == "the rule 'a' is there twice by an alias (*): write out the other rule, with an id of its own"
    )
