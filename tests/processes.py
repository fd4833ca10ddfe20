"""The gateway as an operator runs it: a child process of `python -m gateway serve`."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx2

from tests.forked import ROOT, Child, forked
from tests.waiting import until

_Process = TypeVar("_Process", Child, subprocess.Popen[bytes])

PRELOADED = [
    "tests.preloaded",
    *(f"gateway.cli.{each.stem}" for each in sorted((ROOT / "gateway/cli").glob("[a-z]*.py"))),
]


def command(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run `gateway ...` to its end."""
    return forked("gateway", *PRELOADED).run(*arguments, cwd=cwd)


def command_program(path: Path) -> None:
    """Write the program `gateway` there."""
    forked("gateway", *PRELOADED).program(path)


def start_command(log: Path, *arguments: str) -> Child:
    """Start `gateway ...`, which writes to this file."""
    return forked("gateway", *PRELOADED).start(*arguments, out=log, err=log)


@contextlib.contextmanager
def gateway_process(config: Path, env: str, ready_url: str, *extra: str) -> Iterator[Child]:
    """A gateway that answers at `ready_url`, or at the socket `unix:PATH`, until the block ends."""

    with _ready(start_command, config, env, ready_url, *extra) as child:
        yield child


@contextlib.contextmanager
def fresh_gateway(config: Path, env: str, ready_url: str, *extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """The same in a process of its own, which imports all by itself."""

    def start(log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "gateway", *arguments], cwd=ROOT, stdout=said, stderr=said
            )

    with _ready(start, config, env, ready_url, *extra) as child:
        yield child


@contextlib.contextmanager
def _ready(
    start: Callable[..., _Process], config: Path, env: str, ready_url: str, *extra: str
) -> Iterator[_Process]:
    log = config.parent / f"gateway-{env}.log"
    log.unlink(missing_ok=True)
    child = start(log, "serve", "--config", str(config), "--env", env, *extra)
    try:
        wait_until(ready_url, child, log)
        yield child
    finally:
        child.send_signal(signal.SIGINT)  # Ctrl-C, which waits for no balancer
        try:
            child.wait(40)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        sys.stderr.write(log.read_text("utf-8", "replace"))


def wait_until(url: str, child: Child | subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    transport = None
    if url.startswith("unix:"):
        file = Path(url.removeprefix("unix:"))
        assert until(lambda: file.exists() or child.poll() is not None, 90.0)
        transport, url = httpx2.HTTPTransport(uds=str(file)), "http://operators/readyz"
    with httpx2.Client(trust_env=False, timeout=1, transport=transport) as client:
        while time.monotonic() < end:
            assert child.poll() is None, log.read_text()
            with contextlib.suppress(httpx2.HTTPError):
                if client.get(url).status_code == 200:
                    return
            time.sleep(0.03)
    raise AssertionError(f"{url} did not answer: {log.read_text()}")
