"""`gateway policy test`, run as an operator runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from typer.testing import CliRunner

from gateway.cli import application
from gateway.config import failures, load
from tests.gateways import settings, write_config
from tests.processes import command
from tests.session.test_sqlite import full_disk

PEOPLE = {"submitter": {"organisation": "0428315871", "rights": ["indiener"]}}
TESTS = [
    {"as": "submitter", "request": "GET /organisaties/0428315871/meldingen/1", "expect": "allow"},
    {"name": "nobody", "request": "GET /echo/", "expect": "deny", "missing": ["login"]},
    {"as": {"organisation": "1"}, "env": ["prd"], "request": "GET /", "expect": "deny"},
]
NEVER = [{"request": "ANY /organisaties/**"}]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    environments = {
        name: settings(
            tmp_path, name=name, gateway_url=f"http://localhost:{port}", acm_url=f"http://localhost:{port + 1}",
            upstream_url=f"http://localhost:{port + 2}",
        )
        for name, port in (("ti", 8000), ("prd", 8100))
    }  # fmt: skip
    return write_config(tmp_path, environments)


def add(config: Path, **sections: Any) -> None:
    document = yaml.safe_load(config.read_text()) | sections
    config.write_text(yaml.safe_dump(document, sort_keys=False))


def test_all_hold(config: Path) -> None:
    add(config, people=PEOPLE, tests=TESTS, never=NEVER)
    done = command("policy", "test", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "ti: 2 tests and 1 never, all hold",
        "  rule 'open' has no test",
        "  rule 'home' has no test",
        "prd: 3 tests and 1 never, all hold",
        "  rule 'open' has no test",
    ]


def test_a_failure_is_told_with_its_place(config: Path, tmp_path: Path) -> None:
    tests = [*TESTS, {"request": "GET /echo/", "expect": "allow"}]
    add(
        config,
        people=PEOPLE,
        tests=tests,
        never=[{"as": "submitter", "request": "DELETE /organisaties/{x}/**"}],
    )
    report = tmp_path / "report.xml"
    done = command("policy", "test", "--config", str(config), "--env", "ti", "--junit", str(report))
    assert done.returncode == 4
    lines = config.read_text().splitlines()
    first = lines.index("- request: GET /echo/") + 1
    second = lines.index("- as: submitter", lines.index("never:")) + 1
    assert done.stderr.splitlines() == [
        f"{config}:{first}:3: test 'GET /echo/ as nobody' failed in ti: expected allow, but rule 'echo' denies it "
        "(not-logged-in); missing is login",
        f"{config}:{second}:3: never 'DELETE /organisaties/{{x}}/** as submitter' failed in ti: must never be "
        "allowed, but rule 'own' allows DELETE /organisaties/0428315871/meldingen",
    ]
    assert "ti: 3 tests and 1 never, 2 failed" in done.stdout
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ti", "4", "2")
    assert [case.get("name") for case in suite if len(case)] == [
        "GET /echo/ as nobody",
        "DELETE /organisaties/{x}/** as submitter",
    ]
    assert suite[2][0].get("message", "").startswith("expected allow")


def test_what_does_not_load_and_what_was_asked_wrongly(config: Path) -> None:
    assert command("policy", "test", "--config", str(config), "--nothing").returncode == 2
    assert command("policy", "test", "--config", str(config), "--env", "tii").returncode == 3
    add(config, tests=[{"request": "GET /", "expect": "alow"}])
    done = command("policy", "test", "--config", str(config))
    assert done.returncode == 3
    assert "'alow' is not one of: 'allow', 'deny' or 'redirect'" in done.stderr
    config.unlink()
    assert command("policy", "test", "--config", str(config)).returncode == 3


def test_a_report_that_cannot_be_written(config: Path, tmp_path: Path) -> None:
    done = command("policy", "test", "--config", str(config), "--junit", str(tmp_path / "no" / "report.xml"))
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def test_no_half_report_is_left_on_a_full_disk(config: Path, tmp_path: Path) -> None:
    add(
        config,
        people=PEOPLE,
        tests=[{"request": f"GET /echo/{each}", "expect": "deny"} for each in range(10)],
    )
    arguments = ["policy", "test", "--config", str(config), "--junit", str(tmp_path / "r.xml")]
    with full_disk():
        done = CliRunner().invoke(application(arguments), arguments)
    assert done.exit_code == 2
    assert f"cannot write {tmp_path / 'r.xml'}: File too large" in done.output
    assert not (tmp_path / "r.xml").exists()


def test_the_shipped_rules_keep_their_promises() -> None:
    done = command("policy", "test")
    assert done.returncode == 0, done.stderr
    assert "has no test" not in done.stdout


def test_what_a_reload_asks(config: Path) -> None:
    add(config, people=PEOPLE, tests=TESTS)
    assert failures(load(config), "ti") == []
    add(config, tests=[{"request": "GET /", "expect": "allow", "env": ["prd"]}])
    loaded = load(config)
    assert failures(loaded, "ti") == []
    (problem,) = failures(loaded, "prd")
    assert str(problem).startswith(f"{config}:")
    assert "test 'GET / as nobody' failed: expected allow" in problem.message
