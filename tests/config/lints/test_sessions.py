"""Lifetimes of sessions that bound nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gateway.config.lint import findings
from tests.config.test_lint import TODAY, configuration

RULES = "rules: [{id: a, match: {path: /a}, require: [authenticated]}]\n"


@pytest.mark.parametrize(
    ("session", "codes"),
    [
        ({}, []),
        ({"max_lifetime": "24h"}, []),
        ({"max_lifetime": "25h"}, ["long-session"]),
        ({"idle_timeout": "8h", "max_lifetime": "8h"}, []),
        ({"idle_timeout": "9h", "max_lifetime": "8h"}, ["long-session"]),
        ({"recheck": "0s"}, ["never-rechecked"]),
        ({"recheck": "8h", "max_lifetime": "8h"}, ["never-rechecked"]),
    ],
)
def test_sessions(tmp_path: Path, session: dict[str, str], codes: list[str]) -> None:
    path = configuration(tmp_path, RULES)
    document = yaml.safe_load(path.read_text())
    document["environments"]["ti"]["session"] |= session
    path.write_text(yaml.safe_dump(document))
    found = [each.code for each in findings(path, today=TODAY)[1]]
    assert [code for code in found if code in ("long-session", "never-rechecked")] == codes


@pytest.mark.parametrize(
    ("require", "bound", "warned"),
    [
        ("{assurance: {bound: true}}", False, True),
        ("{any: [{assurance: {bound: true}}, {right: {right: indiener}}]}", False, True),
        ("{assurance: {bound: true}}", True, False),
        ("{assurance: {level: 27}}", False, False),
    ],
)
def test_a_bound_session_that_nobody_can_have(
    tmp_path: Path, require: str, bound: bool, warned: bool
) -> None:
    path = configuration(tmp_path, f"rules: [{{id: a, match: {{path: /a}}, require: [{require}]}}]\n")
    document = yaml.safe_load(path.read_text())
    document["environments"]["ti"]["session"] |= {"bound": {}} if bound else {}
    path.write_text(yaml.safe_dump(document))
    codes = [each.code for each in findings(path, today=TODAY)[1]]
    assert ("bound-never" in codes) is warned
