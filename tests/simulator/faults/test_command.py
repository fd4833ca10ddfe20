"""`python -m simulator fault`, against a simulation that runs."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner, Result

from simulator.__main__ import app
from simulator.acm.state import AcmState
from simulator.faults.catalogue import KEYS_DOWN, TOKEN_SLOW
from tests.forked import ROOT


def fault(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["fault", *arguments])


def test_faults_are_listed_and_switched(acm: AcmState) -> None:
    there = ("--acm-url", acm.base)
    command = [sys.executable, "-m", "simulator", "fault", "on", "token-slow", "3", *there]
    started = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert started.stdout == "token-slow is on\n"
    assert acm.faults.seconds(TOKEN_SLOW) == 3
    fault("on", "keys-down", *there)
    assert acm.faults.is_on(KEYS_DOWN)
    lines = fault("list", *there).stdout.splitlines()
    assert [line.split()[:3] for line in lines if line.split()[1] == "on"] == [
        ["token-slow", "on", "3"],
        ["keys-down", "on", "ACM:"],
    ]
    assert fault("off", "token-slow", *there).stdout == "token-slow is off\n"
    assert fault("off", "all", *there).stdout == "keys-down is off\n"
    assert acm.faults.active() == ()
    kid = acm.keys.signing.kid
    done = fault("rotate-keys", *there)
    assert acm.keys.signing.kid != kid
    assert done.stdout == f"ACM signs with key {acm.keys.signing.kid}\n"


def test_what_cannot_be_is_told(acm: AcmState) -> None:
    for arguments, code, words in (
        (("on", "sleepy", "--acm-url", acm.base), 2, "token-slow"),
        (("on", "token-slow", "many", "--acm-url", acm.base), 2, "hoogstens 300"),
        (("list", "--env", "acc"), 2, "write ti or prd"),
        (("list", "--acm-url", "http://localhost:9"), 1, "make demo"),
    ):
        done = fault(*arguments)
        assert (done.exit_code, done.stdout) == (code, "")
        assert words in done.stderr
    assert acm.faults.active() == ()
