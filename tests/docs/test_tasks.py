"""The tasks of a year on call are done word by word: each edit, each command, and each try at a running gateway."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from simulator.acm.app import create_acm
from simulator.acm.clients import load_clients
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.register.app import create_register
from tests.docs.test_operators_guide import change
from tests.forked import forked
from tests.processes import command, gateway_process
from tests.running import free_ports, free_socket, serving
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tasks.md"
_PORTS = ("8000", "8001", "8010", "8020", "8030")
_STEP = re.compile(
    r"^```diff\n(?P<diff>.*?)^```|^    \$ (?P<command>[^\n]*)\n(?P<said>(?:    (?!\$)[^\n]*\n)*)",
    re.DOTALL | re.MULTILINE,
)
_PORT = re.compile(r"(localhost:|127\.0\.0\.1:|http\.server )(\d{4})\b")
# What differs from run to run: ids of sessions and blocks, pseudonyms, moments, who and where.
_VARYING = re.compile(
    r"\b[0-9a-f]{16}\b|\b[bm]-[0-9a-f]{8}\b|(?<=person )[\w-]{22}|(?<=--subject )[\w-]{22}|\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} CES?T"
    r"|(?<=by )\S+(?= on)|(?<=worker \()\S+(?=\))"
)
_FOLDER = "/etc/toegangspoort"
_RULE_SET = re.compile(r"ti has \d+ rules, rule set ([0-9a-f]{12})")


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
            case ["systemctl", _]:
                self._awaited = None
                self._gateway.close()
                self._gateway.enter_context(gateway_process(self._config, "ti", self._observe))
                return ""
            case ["gateway", _]:
                done = command(*words[1:], cwd=self._folder)
                printed, code = done.stdout + done.stderr, done.returncode
            case ["python", "-m"] if words[2] == "simulator":
                log_in = forked("simulator", "simulator.demo", "simulator.serve")
                done = log_in.run(*words[3:-2], cwd=self._folder)
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

    def _shell(self, line: str) -> tuple[str, int]:
        if (awaited := self._awaited) is not None:
            assert until(lambda: awaited in httpx2.get(self._observe, trust_env=False).text, 30, pause=0.05)
            self._awaited = None
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.here(line)], cwd=self._folder, text=True, capture_output=True, check=False,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}, timeout=60,
        )  # fmt: skip
        return done.stdout + done.stderr, done.returncode


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    gateway, observe, reports = free_ports(3)
    acm_socket, register_socket = free_socket(), free_socket()
    numbers = (gateway, observe, *(each.getsockname()[1] for each in (acm_socket, register_socket)), reports)
    found = Desk(tmp_path, dict(zip(_PORTS, map(str, numbers), strict=True)))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "config.yaml").write_text(found.here((ROOT / "config.yaml").read_text("utf-8")), "utf-8")
    clients = tuple(
        replace(
            each,
            redirect_uris=tuple(map(found.here, each.redirect_uris)),
            resources=tuple(map(found.here, each.resources)),
        )
        for each in load_clients("ti", tmp_path)
    )
    acm = AcmState("ti", found.here("http://localhost:8010"), clients, load_people)
    register = create_register(inside=found.here("http://127.0.0.1:8020"), environment="ti")
    with (
        contextlib.closing(found),
        serving(create_acm(acm), sock=acm_socket, lifespan="off"),
        serving(register, sock=register_socket, lifespan="off"),
    ):
        yield found


def test_the_tasks_are_done_as_the_page_says(desk: Desk) -> None:
    text = PAGE.read_text("utf-8")
    actual: dict[str, str] = {}

    def done(step: re.Match[str]) -> str:
        if step["diff"] is not None:
            desk.edit(step["diff"])
            return step[0]
        line = step["command"]
        for on_page, here in actual.items():
            line = line.replace(on_page, here)
        said = "".join(f"    {each}\n" for each in desk.run(line).splitlines())
        actual.update(zip(_VARYING.findall(step["said"]), _VARYING.findall(said), strict=False))
        return f"    $ {line}\n{said}"

    shown = _STEP.sub(done, text)
    if os.environ.get("REWRITE_GUIDE"):
        PAGE.write_text(shown, "utf-8")
    assert _VARYING.sub("...", text) == _VARYING.sub("...", shown), (
        "run it with REWRITE_GUIDE=1, and read what changed"
    )
