"""Starts what the soak needs: a register, an ACM, and a gateway with 5,000 rules."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.gateway import acm_of
from benchmarks.peers.processes import free_port, stopping, wait_until_it_answers
from benchmarks.reload import rules
from benchmarks.soak.pair import SETTINGS, Pair, pair
from benchmarks.soak.servers import ROOT, server
from simulator.run import running
from tests.gateways import CLIENT_ID, RULES, settings, write_config

_RULES = 5_000
_CHANGING = {"id": "changing", "match": {"path": "/changed/0/**"}, "require": ["anyone"]}
_PAIR = {"id": "pair", "match": {"path": "/pair/**"}, "upstream": "pair", "require": ["authenticated"]}
_SOCKET = {"id": "socket", "match": {"path": "/echo/socket"}, "websocket": True, "require": ["authenticated"]}


@dataclass(frozen=True)
class Target:
    """The gateway under load."""

    url: str
    port: int
    pid: int
    observe: str
    """HOST:PORT of its metrics."""
    config: Path
    numbers: Path
    """Where it writes what it holds, on SIGUSR2."""
    pair: Pair
    """Its other upstream."""

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


@contextlib.contextmanager
def gateway(folder: Path) -> Iterator[Target]:
    """Everything runs until the block ends."""
    port, observe = free_port(), f"127.0.0.1:{free_port()}"
    url = f"http://localhost:{port}"

    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(server(free_port())).url
        other = stack.enter_context(pair())
        acm_url = stack.enter_context(running(acm_of(url)))
        environment = settings(
            folder, name="ti", gateway_url=url, acm_url=acm_url, upstream_url=upstream, listen=f"127.0.0.1:{port}",
            observe={"listen": observe, "log_level": "error"},
            machines={
                "introspection": {
                    "client_id": f"{CLIENT_ID}-ti",
                    "client_auth": {
                        "method": "private_key_jwt",
                        "key": "file:secrets/ti/client.pem",
                        "algorithm": "ES256",
                    },
                }
            },
        )  # fmt: skip
        environment["upstreams"] = {"pair": {"servers": other.urls, **SETTINGS}}
        path = write_config(
            folder, {"ti": environment}, rules=[*rules(_RULES), _CHANGING, _PAIR, _SOCKET, *RULES]
        )
        numbers = folder / "numbers.json"
        command = [sys.executable, "-m", "benchmarks.soak.watched", str(path), str(numbers)]
        log = folder / "gateway.log"
        child = stack.enter_context(_child(command, log))
        wait_until_it_answers(f"http://{observe}/readyz", child, log)
        yield Target(url, port, child.pid, observe, path, numbers, other)


@contextlib.contextmanager
def _child(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    with stopping(child, 40):
        yield child
