"""`gateway config lint`, as an operator runs it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from tests.config.test_lint import configuration

TEXT = """rules:
  - {id: hit, match: {path: /a}, require: [right: {right: indiener}]}
  - {id: idle, match: {path: /b}, require: [right: {right: lezer}]}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(["config"]), ["config", "lint", *arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configuration(tmp_path, TEXT)


def records(config: Path, name: str, **changes: Any) -> str:
    """Two records, 40 days apart, by a person with both rights."""
    rights = [["OVAMGebruiker", context, "1"] for context in ("Indiener", "Lezer")]
    whole = {
        "kind": "request", "environment": "ti", "rule": "hit", "rules": load(config).rules["ti"].hash,
        "who": {"rights": rights}, **changes,
    }  # fmt: skip
    text = "".join(json.dumps({**whole, "now": day * 86_400.0}) + "\n" for day in (0, 40)) + '{"cut'
    path = config.with_name(name)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.gz"])
def test_a_rule_that_nothing_hits(config: Path, name: str) -> None:
    done = run(str(config), "--records", records(config, name), "--strict")
    assert done.exit_code == 1
    assert f"{config}:3:5: warning: rule 'idle' decided none of 2 requests of ti" in done.stdout
    assert done.stdout.endswith(": 1 warning\n")
    found = json.loads(run(str(config), "--records", records(config, name), "--json").stdout)
    assert [(each["line"], each["code"]) for each in found] == [(3, "never-hit")]
    assert run(str(config), "--records", records(config, name)).exit_code == 0


def test_without_records_it_warns_as_validate_does(config: Path) -> None:
    assert run(str(config), "--strict").exit_code == 0
    config.write_text(config.read_text().replace("path: /b", "path: /a"))
    assert "[unreachable]" in run(str(config), "--strict").stdout


def test_days(config: Path) -> None:
    done = run(str(config), "--records", records(config, "r.jsonl"), "--days", "41", "--strict")
    assert done.exit_code == 0
    assert "only said from 41 days on" in done.stderr


@pytest.mark.parametrize("change", [{"environment": "prd"}, {"kind": "start"}])
def test_records_of_others_are_no_evidence(config: Path, change: Any) -> None:
    done = run(str(config), "--records", records(config, "r.jsonl", **change))
    assert done.exit_code == 2
    assert "no record is about a request in an environment of this file" in done.stderr


def test_what_cannot_be_read(config: Path) -> None:
    assert run(str(config), "--records", str(config.with_name("nothing.jsonl"))).exit_code == 2
    assert run(str(config.with_name("nothing.yaml"))).exit_code == 1
    assert run(str(config), "--days", "0").exit_code == 2
