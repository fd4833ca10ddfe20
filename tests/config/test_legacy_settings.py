"""Settings for legacy registers, as they are loaded: openings of paths, capitals, further methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.analysis.access import access_of
from gateway.analysis.diff import Side, compare
from gateway.analysis.lint import unreachable
from gateway.config import Config, ConfigError, load
from gateway.config.lint import findings
from gateway.config.reload import reload_config
from gateway.config.suites import failures
from tests.gateways import settings, write_config
from tests.policy.conftest import person

FILES = {"id": "files", "match": {"path": "/Files/**"}, "require": ["anyone"]}


def written(folder: Path, *rules: dict[str, Any], tests: list[Any] | None = None, **environment: Any) -> Path:
    made = settings(
        folder,
        name="ti",
        gateway_url="http://localhost:8000",
        acm_url="http://localhost:8001",
        upstream_url="http://localhost:8002",
        **environment,
    )
    path = write_config(folder, {"ti": made}, rules=list(rules))
    document = yaml.safe_load(path.read_text("utf-8"))
    document["tests"] = tests or []
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path


def problems(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return "\n".join(map(str, refused.value.problems))


def failing(config: Config) -> list[str]:
    return [str(problem) for problem in failures(config, "ti")]


def test_tests_are_read_as_the_environment_reads_paths(tmp_path: Path) -> None:
    cases = [
        {"request": "GET /files/a;v=1", "expect": "allow", "rule": "files"},
        {"request": "GET /FILES//b", "expect": "allow"},
        {"request": "GET /x//Files", "expect": "deny"},
    ]
    opened = {"parameters": "strip", "empty_segments": "keep", "case": "insensitive"}
    assert failing(load(written(tmp_path, FILES, tests=cases, paths=opened))) == []
    assert "refuses this path before any rule" in problems(written(tmp_path, FILES, tests=cases))
    wrong = [{"request": "GET /x//Files", "expect": "allow"}]
    [words] = failing(load(written(tmp_path, FILES, tests=wrong, paths=opened)))
    assert "no-rule" in words


def test_a_rule_opens_paths_of_its_own(tmp_path: Path) -> None:
    cases = [{"request": "GET /Files/a%2Fb", "expect": "allow"}, {"request": "GET /a%2Fb", "expect": "deny"}]
    config = load(written(tmp_path, {**FILES, "paths": {"encoded": ["%2f"]}}, tests=cases))
    assert failing(config) == []
    assert config.rules["ti"].opens_paths == {"encoded: %2F"}


def test_patterns_that_servers_fold_differently_are_refused_with_their_place(tmp_path: Path) -> None:
    rule = {**FILES, "match": {"path": "/Bl\u00e9/**"}}
    text = problems(written(tmp_path, rule, paths={"case": "insensitive"}))
    assert "letters a to z only, and not \u00e9" in text
    load(written(tmp_path, rule))


def test_capitals_cannot_be_opened_for_one_rule(tmp_path: Path) -> None:
    assert "case" in problems(written(tmp_path, {**FILES, "paths": {"case": "insensitive"}}))


def test_how_capitals_are_read_changes_with_a_restart_only(tmp_path: Path) -> None:
    current = load(written(tmp_path, FILES))
    written(tmp_path, FILES, paths={"case": "insensitive"})
    with pytest.raises(ConfigError, match="restart the gateway"):
        reload_config(current, "ti")
    written(tmp_path, FILES, paths={"parameters": "strip"})
    assert reload_config(current, "ti").restart == ("paths.parameters",)


def test_methods_must_be_accepted_where_a_rule_names_them(tmp_path: Path) -> None:
    rule = {"id": "dav", "match": {"path": "/dav/**", "methods": ["PROPFIND"]}, "require": ["anyone"]}
    assert "no environment with this rule accepts PROPFIND" in problems(written(tmp_path, rule))
    assert "no environment accepts MKCOL" in problems(
        written(tmp_path, FILES, tests=[{"request": "MKCOL /x", "expect": "deny"}])
    )
    cases = [
        {"request": "PROPFIND /dav/x", "expect": "allow"},
        {"request": "MKCOL /dav/x", "expect": "deny"},
    ]
    config = load(written(tmp_path, rule, tests=cases, edge={"methods": ["PROPFIND", "MKCOL"]}))
    assert failing(config) == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BIND", "propfind", "*"])
def test_methods_that_are_never_accepted(tmp_path: Path, method: str) -> None:
    assert "methods" in problems(written(tmp_path, FILES, edge={"methods": [method]}))


def test_the_analysis_knows_further_methods(tmp_path: Path) -> None:
    dav = {"id": "dav", "match": {"path": "/dav/**", "methods": ["PROPFIND"]}, "require": ["authenticated"]}
    rest = {"id": "rest", "match": {"path": "/dav/**"}, "require": ["anyone"]}
    edge = {"methods": ["PROPFIND"]}
    before = load(written(tmp_path, dav, rest, edge=edge)).rules["ti"]
    assert unreachable(before, ["localhost:8000"]) == frozenset()
    found = access_of(before, person(), host="localhost:8000", client="192.0.2.1", now=0.0)
    assert [(each.rule, each.methods) for each in found] == [("dav", ("PROPFIND",)), ("rest", ())]
    after = load(written(tmp_path, rest, edge=edge)).rules["ti"]
    changes = compare(Side(before, "localhost:8000"), Side(after, "localhost:8000"))
    assert [(change.methods, change.old_rule, bool(change.gains)) for change in changes] == [
        (("PROPFIND",), "dav", True)
    ]


def test_openings_are_warned_about(tmp_path: Path) -> None:
    rule = {"id": "one", "match": {"path": "/x"}, "require": ["authenticated"], "paths": {"encoded": ["%2F"]}}
    _, found = findings(written(tmp_path, rule, FILES, paths={"empty_segments": "keep"}))
    assert {finding.code for finding in found} >= {"opens-nothing", "opened-to-anyone"}
