"""`gateway policy diff`, run as an operator runs it before a pull request."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gateways import settings, write_config
from tests.processes import command


def environments(folder: Path) -> dict[str, Any]:
    return {
        name: settings(
            folder, name=name, gateway_url=f"http://localhost:{port}", acm_url=f"http://localhost:{port + 1}",
            upstream_url=f"http://localhost:{port + 2}",
        )
        for name, port in (("ti", 8000), ("prd", 8100))
    }  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write_config(tmp_path, environments(tmp_path)).rename(tmp_path / "old.yaml")


@pytest.fixture
def new(tmp_path: Path, old: Path) -> Path:
    document = yaml.safe_load(old.read_text())
    document["rules"][1]["require"].pop()
    document["rules"][2]["require"] = [{"right": {"right": "indiener"}}]
    document["rules"].insert(
        0, {"id": "help", "match": {"path": "/help/**", "methods": ["GET"]}, "require": ["anyone"]}
    )
    document["environments"]["prd"]["rules"] = {
        "before": [{"id": "closed", "match": {"path": "/public/beta/**"}, "require": [{"not": "anyone"}]}]
    }
    path = tmp_path / "new.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def diff(*arguments: object) -> subprocess.CompletedProcess[str]:
    return command("policy", "diff", *map(str, arguments))


TI = """\
ti: access is lost in 1 place and gained in 2
+ GAINS ANY /organisaties/{kbo}/meldingen/**
    decided by rule 'own'; such as /organisaties/x1/meldingen
    + somebody with right indiener, for another organisation
- LOSES ANY /echo/**
    decided by rule 'echo'; such as /echo
    - somebody without right indiener
+ GAINS GET, HEAD /help/**
    decided by no rule before, by rule 'help' now; such as /help
    + anyone, logged in or not
"""


def test_two_files(old: Path, new: Path) -> None:
    done = diff(old, new, "--env", "ti")
    assert (done.returncode, done.stdout) == (1, TI), done.stderr
    assert (
        diff(old, old).stdout == "ti: nobody gains or loses anything\nprd: nobody gains or loses anything\n"
    )
    assert diff(old, old).returncode == 0


def test_two_environments_of_one_file(old: Path, new: Path) -> None:
    done = diff(new, "--env", "ti", "--against", "prd")
    assert done.returncode == 1
    assert done.stdout == (
        "ti against prd: access is lost in 1 place and gained in 0\n"
        "- LOSES ANY /public/beta/**\n"
        "    decided by rule 'open' before, by rule 'closed' now; such as /public/beta\n"
        "    - anyone, logged in or not\n"
    )
    assert diff(old, "--env", "ti", "--against", "prd").returncode == 0


def test_as_data(old: Path, new: Path) -> None:
    done = diff(old, new, "--json")
    found = json.loads(done.stdout)
    assert found["only_in_one"] == []
    changes = found["environments"]["ti"]["changes"]
    assert [(change["old_rule"], change["new_rule"]) for change in changes] == [
        ("own", "own"),
        ("echo", "echo"),
        (None, "help"),
    ]
    assert changes[1]["loses"] == [
        {
            "words": "somebody without right indiener",
            "logged_in": True,
            "only": [
                {
                    "fact": "rights",
                    "name": "OVAMGebruiker-NonConformiteitenIndiener",
                    "is": ["without right indiener"],
                }
            ],
        }
    ]
    assert len(found["environments"]["prd"]["changes"]) == 4


def test_an_environment_that_only_one_file_has(old: Path, new: Path) -> None:
    document = yaml.safe_load(new.read_text())
    del document["environments"]["prd"]
    new.write_text(yaml.safe_dump(document, sort_keys=False))
    done = diff(old, new)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"environment prd is only in {old}"


def test_what_is_refused(old: Path, new: Path) -> None:
    assert diff(old).returncode == 2
    assert diff(old, "--against", "prd").returncode == 2
    assert diff(old, new, "--env", "ti", "--against", "prd").returncode == 2
    assert diff(old, new, "--env", "tii").returncode == 3
    new.write_text("x")
    assert diff(old, new).returncode == 3
