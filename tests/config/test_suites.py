"""Tests and invariants of a configuration, compiled for each environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, failures, load
from gateway.config.lint import findings
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config

SUITE = """
people:
  clerk: {rights: [indiener], organisation: "0456789034"}
tests:
- {request: GET /a, expect: allow, as: clerk, rule: a}
- {request: GET /b, expect: deny, env: [prd]}
never:
- {request: ANY /a/**, as: {doelgroep: EA, organisation: OVO1}}
"""


def test_each_environment_has_its_own_suite(tmp_path: Path) -> None:
    path = write_config(tmp_path, environments(tmp_path), rules=[rule("a")])
    path.write_text(path.read_text() + SUITE)
    config = load(path)
    assert [case.title for case in config.suites["ti"].cases] == ["GET /a as clerk"]
    assert [case.title for case in config.suites["prd"].cases] == ["GET /a as clerk", "GET /b as nobody"]
    (invariant,) = config.suites["ti"].invariants
    assert (invariant.title, invariant.hosts) == ("ANY /a/** as of OVO1 in EA", ("localhost:8000",))
    lines = path.read_text().splitlines()
    (failure,) = failures(config, "ti")
    assert failure.message.startswith(
        "never 'ANY /a/** as of OVO1 in EA' failed: must never be allowed, but rule 'a'"
    )
    assert lines[failure.line - 1].startswith("- {request: ANY")
    assert len(failures(config, "prd")) == 2


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path, environments(tmp_path), rules=[rule("a")])
    path.write_text(
        path.read_text()
        + "tests:\n- {request: GET /a, expect: deny, rule: b, missing: [rigth], env: [acc]}\n"
    )
    with pytest.raises(ConfigError) as refused:
        load(path)
    text = str(refused.value)
    assert "unknown rule 'b'" in text or "unknown environment 'acc'" in text
    assert "unknown right or kind 'rigth'; did you mean 'right'?" in text


def test_hosts_are_spelled_as_in_requests(tmp_path: Path) -> None:
    alone = {"ti": environments(tmp_path)["ti"]}
    alone["ti"] |= {"public_url": "https://ti.example.be:443", "edge": {"hosts": ["other.example.be"]}}
    path = write_config(
        tmp_path,
        alone,
        rules=[
            rule("by-name", "/a", "anyone") | {"match": {"path": "/a", "hosts": ["ti.example.be"]}},
            rule("by-other", "/a", "anyone") | {"match": {"path": "/a", "hosts": ["other.example.be"]}},
        ],
    )
    path.write_text(
        path.read_text()
        + "tests:\n- {request: GET /a, expect: allow, rule: by-name}\n"
        + "- {request: GET /a, expect: allow, rule: by-other, host: 'Other.example.be:443'}\n"
        + "- {request: GET /a, expect: deny, host: foreign.example.be}\n"
    )
    assert failures(load(path), "ti") == []
    assert not [each for each in findings(path)[1] if each.code == "other-host"]
