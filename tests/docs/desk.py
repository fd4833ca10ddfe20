"""A folder of somebody who does what a page says, beside a running ACM and register."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.docs.test_operators_guide import change
from tests.forked import Forked, forked
from tests.processes import command, command_program, gateway_process
from tests.waiting import until

ROOT = Path(__file__).parents[2]
_PORT = re.compile(r"(localhost:|127\.0\.0\.1:|http\.server )(\d{4})\b")
_FOLDER = "/etc/toegangspoort"
_RULE_SET = re.compile(r"ti has \d+ rules, rule set ([0-9a-f]{12})")


_PYTHON = f"""#!/bin/sh
if [ "$1 $2" = "-m simulator" ]; then shift 2; exec simulator "$@"; fi
exec {sys.executable} "$@"
"""


def _simulator() -> Forked:
    return forked("simulator", "simulator.demo", "simulator.serve")


def _programs(folder: Path) -> Path:
    """A folder with the programs of this project that pages run in a shell."""
    folder.mkdir()
    command_program(folder / "gateway")
    _simulator().program(folder / "simulator")
    python = folder / "python"
    python.write_text(_PYTHON, "utf-8")
    python.chmod(0o755)
    return folder


class Desk:
    """Somebody who does what the page says, in a folder of their own, beside a running ACM and register."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self._folder = folder
        self._ports = ports
        self._gateway = contextlib.ExitStack()
        self._servers: list[subprocess.Popen[bytes]] = []
        self._config = folder / "config.yaml"
        self._observe = f"http://127.0.0.1:{ports['8001']}/readyz"
        self._awaited: str | None = None
        self._programs = _programs(folder / ".programs")

    def close(self) -> None:
        self._gateway.close()
        for server in self._servers:
            server.terminate()
            server.wait()

    def here(self, text: str) -> str:
        """The page's text with the ports of this run."""
        return _PORT.sub(lambda port: f"{port[1]}{self._ports.get(port[2], port[2])}", text)

    def there(self, text: str) -> str:
        """The text of this run with the page's ports."""
        text = text.replace(str(self._folder), _FOLDER)
        for shown, used in self._ports.items():
            text = text.replace(f":{used}", f":{shown}")
        return text

    def edit(self, diff: str) -> None:
        change(self._config, self.here(diff))

    def run(self, line: str) -> str:
        """What the command prints, with its exit code where that is not 0."""
        words = shlex.split(self.here(line))
        match words[:2]:
            case ["systemctl", verb, *_]:
                self._awaited = None
                self._gateway.close()
                if verb != "stop":
                    self._gateway.enter_context(gateway_process(self._config, "ti", self._observe))
                return ""
            case ["gateway", _]:
                done = command(*words[1:], cwd=self._folder)
                printed, code = done.stdout + done.stderr, done.returncode
            case ["python", "-m"] if words[2] == "simulator":
                done = _simulator().run(*words[3:-2], cwd=self._folder)
                (self._folder / words[-1]).write_text(done.stdout, "utf-8")
                printed, code = done.stderr, done.returncode
            case _ if words[-1] == "&":
                self._servers.append(subprocess.Popen([sys.executable, *words[1:-1]], cwd=self._folder))
                return ""
            case _:
                printed, code = self._shell(line)
        if found := _RULE_SET.search(printed):
            self._awaited = found[1]
        return self.there(printed) + (f"[exit {code}]\n" if code else "")

    def shell(self, script: str) -> str:
        """What a script prints, on standard output and error."""
        return self.there(self._shell(script)[0])

    def _shell(self, line: str) -> tuple[str, int]:
        if (awaited := self._awaited) is not None:
            assert until(lambda: awaited in httpx2.get(self._observe, trust_env=False).text, 30, pause=0.1)
            self._awaited = None
        path = f"{self._programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.here(line)], cwd=self._folder, text=True, capture_output=True, check=False,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}, timeout=60,
        )  # fmt: skip
        return done.stdout + done.stderr, done.returncode
