"""`gateway status`, on a store to which gateways reported."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from gateway.session.sessions import Sessions
from tests.gateways import settings, write_config

ALIKE = {"version": "1", "rules": "a" * 13, "policies": "none", "settings": "b" * 13}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:9", acm_url="http://localhost:8",
        upstream_url="http://localhost:7",
    )  # fmt: skip
    return write_config(tmp_path, {"ti": environment})


@pytest.fixture
def status(config: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        given = ["status", "--env", "ti", "--config", str(config), *arguments]
        return CliRunner().invoke(application(given), given)

    return run


def report(config: Path, **workers: dict[str, Any]) -> None:
    """These workers run, by their names."""
    environment = load(config).environment("ti")

    async def work() -> None:
        sessions = Sessions(environment.session, environment="ti", secure=False, clock=time.time)
        await sessions.start(sweep=False)
        await sessions.board.serve()
        now = time.time()
        for name, each in workers.items():
            about = {"host": name, "pid": 7, "since": now - 60, "at": now, **each}
            await sessions.board.report(name, about, seconds=30.0)
        await sessions.aclose()

    asyncio.run(work())


def test_workers_that_are_alike(config: Path, status: Callable[..., Result]) -> None:
    report(config, a={**ALIKE, "clock_ahead": -1.25}, b=ALIKE)
    shown = status()
    assert shown.exit_code == 0, shown.output
    assert (
        "a worker 7: version 1, rules aaaaaaaaaaaaa, policies none, settings bbbbbbbbbbbbb, since "
        in shown.output
    )
    assert ", clock -1.2 s" in shown.output
    assert "2 workers." in shown.output
    # The files of this command are no worker: what is not in force of them is said, and changes no exit code.
    assert "; NOT IN FORCE in every worker: version, rules, settings\n" in shown.output
    data = json.loads(status("--json").output)
    assert [each["host"] for each in data["workers"]] == ["a", "b"]
    assert set(data["here"]) == {"version", "rules", "policies", "settings"}


def test_a_worker_that_was_heard_in_the_future(config: Path, status: Callable[..., Result]) -> None:
    now = time.time()
    report(config, a={**ALIKE, "at": now + 4.0}, b={**ALIKE, "at": now + 3_600.0})
    shown = status().output
    assert "heard 0 s ago" in shown
    assert re.search(
        r"b worker 7: .*, heard 3[56]\d\d s in the future: its clock is ahead, or was when it died", shown
    )


def test_a_configuration_that_is_in_force(config: Path, status: Callable[..., Result]) -> None:
    report(config, a=ALIKE)
    here = json.loads(status("--json").output)["here"]
    report(config, a=here)
    assert "IN FORCE" not in status().output
    report(config, a={**here, "settings": "b" * 13})
    assert "; NOT IN FORCE in every worker: settings\n" in status().output


def test_a_configuration_that_does_not_load(config: Path, status: Callable[..., Result]) -> None:
    report(config, a=ALIKE)
    config.write_text(config.read_text().replace("authenticated", "autenticated"))
    shown = status()
    assert shown.exit_code == 0, shown.output
    assert "rules aaaaaaaaaaaaa" in shown.output
    assert "this configuration: version " in shown.output
    assert "rules do not load, policies do not load" in shown.output
    assert json.loads(status("--json").stdout)["here"]["rules"] is None


def test_machines_with_other_code_of_a_policy_module(config: Path, status: Callable[..., Result]) -> None:
    """The rules say the same and have one hash: what a module decides is another matter."""
    folder = config.parent / "mine"
    folder.mkdir()
    module = folder / "mine.py"
    written = yaml.safe_load(config.read_text()) | {"plugins": ["./mine"]}
    config.write_text(yaml.safe_dump(written))
    seen = []
    for decision in ("Allow()", "Deny('no')"):
        module.write_text(
            f"from gateway.plugin import Allow, Deny, Policy\n\nclass Mine(Policy, name='mine'):\n"
            f"    def decide(self, facts):\n        return {decision}\n"
        )
        report(config, a=ALIKE)
        seen.append(json.loads(status("--json").stdout)["here"])
    assert seen[0]["rules"] == seen[1]["rules"]
    report(config, a=seen[0], b=seen[1])
    shown = status()
    assert shown.exit_code == 1
    assert f"{seen[0]['policies']} on a" in shown.output
    assert "DIFFERENT: policies differ: " in shown.output
    assert "; NOT IN FORCE in every worker: policies\n" in shown.output


def test_workers_that_differ_and_one_of_an_earlier_version(
    config: Path, status: Callable[..., Result]
) -> None:
    report(config, a=ALIKE, b={**ALIKE, "rules": "c" * 13}, old={})
    shown = status()
    assert shown.exit_code == 1
    assert "DIFFERENT: rules differ: aaaaaaaaaaaaa on a; ccccccccccccc on b" in shown.output
    assert "old worker 7: version not reported" in shown.output


def test_nobody_runs(config: Path, status: Callable[..., Result]) -> None:
    assert status().exit_code == 1
    report(config)
    shown = status()
    assert shown.exit_code == 1
    assert "no gateway that runs reports to this session store" in shown.output
