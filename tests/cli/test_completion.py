"""Completion in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.forked import ROOT
from tests.processes import command, command_program

NEEDED = {"PYTHONPATH": str(ROOT), "TERM": "dumb"}
shells = pytest.mark.parametrize("shell", ["bash", "fish"])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a configuration, and with `gateway` and its scripts for shells."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    program = tmp_path / "bin" / "gateway"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gateway "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / f"_gateway.{shell}").write_text(command("completion", shell).stdout)
    return tmp_path


@pytest.fixture
def quick(place: Path) -> Path:
    """The place, where `gateway` starts at once."""
    command_program(place / "bin/gateway")
    return place


def environment(place: Path) -> dict[str, str]:
    return {
        **NEEDED,
        "PATH": f"{place}/bin:{os.environ['PATH']}",
        "HOME": str(place),
    }


def completed(shell: str, place: Path, line: str) -> list[str]:
    if shell == "bash":
        words = line.split(" ")
        script = (
            f"source _gateway.bash; COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1};"
            ' _gateway_completion gateway; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        arguments = ["bash", "--norc", "-c", script]
    else:
        arguments = ["fish", "--no-config", "-c", f"source _gateway.fish; complete -C {line!r}"]
    done = subprocess.run(
        arguments, cwd=place, env=environment(place), capture_output=True, text=True, timeout=60, check=True
    )
    assert not done.stderr
    return [each.split("\t")[0] for each in done.stdout.splitlines()]


@shells
def test_a_shell_completes_commands_options_and_environments(shell: str, quick: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert completed(shell, quick, "gateway blo") == ["block"]
    assert set(completed(shell, quick, "gateway block ")) == {"add", "list", "remove"}
    assert completed(shell, quick, "gateway block add --org") == ["--organisation"]
    assert set(completed(shell, quick, "gateway block list --env ")) == {"ti", "prd"}
    assert "sessions" in completed(shell, quick, "gateway keys rotate ")


def test_zsh_completes_too_from_the_first_time(place: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    (place / "functions").mkdir()
    (place / "_gateway.zsh").rename(place / "functions" / "_gateway")
    (place / ".zshrc").write_text(
        "fpath+=~/functions; autoload -Uz compinit; compinit -u -D; PS1='ready> '\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(place)
        os.execvpe("zsh", ["zsh", "-i"], environment(place))
    try:
        awaited(terminal, "ready> ")
        os.write(terminal, b"gateway block list --env p\t")
        awaited(terminal, "--env prd")
        os.write(terminal, b"\x15gateway blo\t")
        awaited(terminal, "ck ")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def awaited(terminal: int, words: str) -> None:
    """Read until the shell shows this."""
    shown, end = "", time.monotonic() + 60
    while words not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, shown
        shown += os.read(terminal, 65536).decode("utf-8", "replace")
