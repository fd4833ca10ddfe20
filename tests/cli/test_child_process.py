"""What is said where a policy ends the process of a command that decides, and how signals and exit codes come through."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway.config import load
from tests.cli import test_replay
from tests.cli.test_loading import POLICY, with_plugin
from tests.forked import forked
from tests.processes import PRELOADED, command
from tests.waiting import until

PROMOTE = ("config", "promote", "--from", "ti", "--to", "prd", "--dry-run", "--without-records", "--config")


@pytest.fixture
def deciding(config: Path) -> Path:
    """A configuration whose policy of its own is used at /."""
    with_plugin(config)
    records = config.parent / "records.jsonl"
    lines = [json.loads(each) for each in test_replay.written(load(config))]
    records.write_text("".join(json.dumps({**each, "path": "/"}) + "\n" for each in lines))
    return config


@pytest.mark.parametrize(
    ("what", "decide"),
    [
        ("explain", "import os; os._exit(0)"),
        ("explain", "import os; os.kill(os.getpid(), 11)"),
        ("diff", "import os; os._exit(1)"),
        ("replay", "import os; os._exit(0)"),
    ],
)
def test_a_policy_that_ends_the_process_when_it_decides_is_no_answer(
    deciding: Path, what: str, decide: str
) -> None:
    (deciding.parent / "mine/mine.py").write_text(POLICY.format(first="", decide=decide))
    other = deciding.with_name("other.yaml")
    written = yaml.safe_load(deciding.read_text())
    written["rules"][0]["require"] = ["authenticated"]
    other.write_text(yaml.safe_dump(written))
    arguments = {
        "explain": ("GET", "/", "--config", str(deciding)),
        "diff": (str(deciding), str(other)),
        "replay": (str(deciding.parent / "records.jsonl"), "--config", str(deciding)),
    }[what]
    found = command("policy", what, *arguments)
    assert found.returncode == 70, (found.stdout, found.stderr)
    assert "before it was done" in found.stderr
    assert "A policy of your own" in found.stderr


def test_a_promotion_of_what_cannot_be_read_names_the_plugin(deciding: Path) -> None:
    file = deciding.parent / "mine/mine.py"
    file.write_text(POLICY.format(first="import os; os._exit(0)", decide="pass"))
    found = command(*PROMOTE, str(deciding))
    assert found.returncode == 1
    assert str(file) in found.stderr
    assert "Nothing was started or changed" in found.stderr


def test_exit_codes_and_output_come_through(deciding: Path) -> None:
    found = command("policy", "explain", "GET", "/", "--config", str(deciding), "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["rule"] == "mine"
    assert command("policy", "explain", "--no-such-option").returncode == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -15), (signal.SIGHUP, -1)])
def test_a_signal_ends_the_work_too(deciding: Path, number: int, code: int) -> None:
    started = deciding.parent / "started"
    decide = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(180)"
    (deciding.parent / "mine/mine.py").write_text(POLICY.format(first="", decide=decide))
    out = deciding.parent / "out"
    arguments = ("policy", "explain", "GET", "/", "--config", str(deciding))
    child = forked("gateway", *PRELOADED).start(*arguments, out=out, err=out, seconds=180)
    assert until(lambda: started.exists() and started.read_text(), 120.0), out.read_text()
    working = int(started.read_text())
    child.send_signal(number)
    try:
        assert child.wait(20) == code
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    assert working != child.pid
    with pytest.raises(ProcessLookupError):
        os.kill(working, 0)
