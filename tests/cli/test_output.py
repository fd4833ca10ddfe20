"""Readers that leave, terminals that can't show it, places that are not a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import ROOT


def run(script: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {
        "PATH": os.environ["PATH"],
        "GATEWAY": f"{sys.executable} -m gateway",
        "PYTHONPATH": str(ROOT),
        **environment,
    }
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_reader_that_leaves_changes_nothing() -> None:
    done = run("$GATEWAY config schema | head -n 1")
    assert (done.stdout, done.stderr, done.returncode) == (b"{\n", b"", 0)


def test_a_command_goes_on_to_its_end_without_a_reader(tmp_path: Path) -> None:
    """It says that the first key was made to nobody, and makes the others all the same."""
    from tests.gateways import settings, write_config

    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    config = write_config(tmp_path, {"ti": environment})
    names = [
        each
        for each in ("client.pem", "assertion.pem", "session.key")
        if (tmp_path / "secrets/ti" / each).exists()
    ]
    assert names
    for each in names:
        (tmp_path / "secrets/ti" / each).unlink()
    done = run(f"exec 9> >(:); sleep 0.1; $GATEWAY keys generate --env ti --config {config} >&9")
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / "secrets/ti" / each).exists() for each in names)


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C"},
    ],
)
def test_what_an_encoding_lacks_is_escaped(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "é.yaml").write_text("version: 2\n")
    done = run(f"$GATEWAY config validate {tmp_path}/*.yaml", **environment)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"is missing here" in done.stderr


def test_without_a_terminal_there_are_no_colours() -> None:
    done = run("$GATEWAY -h; $GATEWAY xyzzy", TERM="xterm-256color")
    assert b"\x1b" not in done.stdout + done.stderr


def test_help_fits_narrow_terminals() -> None:
    lines = run("$GATEWAY -h", COLUMNS="30").stdout.decode().splitlines()
    assert max(map(len, lines)) <= 50
