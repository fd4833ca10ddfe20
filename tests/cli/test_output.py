"""Readers that leave, terminals that can't show it, places that are not a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from gateway.cli.output import counted, write_file
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


def without_keys(tmp_path: Path) -> tuple[Path, list[Path]]:
    """A configuration, and the keys that it names and that do not exist."""
    from tests.gateways import settings, write_config

    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    config = write_config(tmp_path, {"ti": environment})
    keys = [tmp_path / "secrets/ti" / each for each in ("client.pem", "assertion.pem", "session.key")]
    keys = [each for each in keys if each.exists()]
    assert keys
    for each in keys:
        each.unlink()
    return config, keys


def test_a_command_goes_on_to_its_end_without_a_reader(tmp_path: Path) -> None:
    """It says that the first key was made to nobody, and makes the others all the same."""
    config, keys = without_keys(tmp_path)
    done = run(f"exec 9> >(:); sleep 0.1; $GATEWAY keys generate --env ti --config {config} >&9")
    assert done.returncode == 0, done.stderr
    assert all(each.exists() for each in keys)


def test_a_full_disk_is_no_fault_of_the_gateway_and_changes_nothing_but_the_answer(tmp_path: Path) -> None:
    config, keys = without_keys(tmp_path)
    done = run(f"$GATEWAY keys generate --env ti --config {config} > /dev/full")
    assert done.returncode == 74
    assert done.stderr.startswith(b"What this command printed is not complete: No space left on device.")
    assert b"fault" not in done.stderr
    assert all(each.exists() for each in keys)
    # In a child, and where the answer would be 1.
    assert run("$GATEWAY config validate xyzzy.yaml --json > /dev/full").returncode == 74
    assert run("$GATEWAY config validate xyzzy.yaml 2> /dev/full").returncode == 1


def test_a_pipe_that_does_not_block_loses_nothing() -> None:
    whole = run("$GATEWAY config schema").stdout
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb") as end:
        command = subprocess.Popen(
            [sys.executable, "-m", "gateway", "config", "schema"], cwd=ROOT, stdout=writing
        )
        os.close(writing)
        time.sleep(0.5)
        assert end.read() == whole
    assert command.wait() == 0


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_what_is_closed_changes_nothing(closed: str, tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("")
    line = f"$GATEWAY policy shadow-report {tmp_path}/records.jsonl"
    assert run(f"{line} {closed}").returncode == run(line).returncode
    assert not (tmp_path / "records.jsonl").read_text()


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


def test_a_number_comes_with_its_noun() -> None:
    assert (counted(1, "session"), counted(0, "worker")) == ("1 session", "0 workers")


def test_a_file_that_may_not_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "page.html"
    file.write_text("earlier")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(typer.Exit):
        write_file(file, b"later")
    monkeypatch.undo()
    assert file.read_text() == "earlier"
