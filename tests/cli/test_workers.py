"""Workers that cannot start, or die again and again, end `gateway serve` with a message and code 1."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from gateway.cli.handover import LaunchContext
from gateway.cli.sockets import Sockets
from gateway.cli.workers import Supervisor, end_with_supervisor, hangups_held
from gateway.edge.settings import DrainSettings
from simulator.run import bind
from tests.cli.conftest import Site
from tests.processes import command
from tests.waiting import until


def serve(site: Site, *arguments: str) -> tuple[int, str]:
    done = command("serve", "--config", str(site.config), "--env", "ti", *arguments)
    return done.returncode, done.stderr


@pytest.mark.parametrize("workers", ["1", "3"])
def test_what_no_worker_can_open_ends_all(site: Site, workers: str) -> None:
    (site.config.parent / "secrets/ti/session.key").unlink()
    code, said = serve(site, "--workers", workers)
    assert code == 1
    assert "gateway keys generate" in said
    assert said.rstrip().endswith("The gateway did not start: the log lines above say why.")
    assert "Traceback" not in said


@pytest.fixture
def signals() -> Iterator[None]:
    """The handlers of the tests, which a supervisor replaces."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
    before = {each: signal.getsignal(each) for each in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def supervisor_of(app: str, sock: socket.socket, workers: int) -> Supervisor:
    around = LaunchContext("ti", Sockets())
    config = uvicorn.Config(app, log_config=None, workers=workers)
    return Supervisor(config, [sock], around, DrainSettings(wait=0.0))


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("code", "why"),
    [(9, "workers died 4 times, and none serves"), (STARTUP_FAILURE, "a worker cannot start")],
)
def test_workers_that_die_at_once_end_all_after_some_tries(
    code: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIES_WITH", str(code))
    with bind(0) as sock, structlog.testing.capture_logs() as logs:
        supervisor = supervisor_of("tests.cli.dies:app", sock, workers=2)
        supervisor.run()
    assert supervisor.failed == why
    assert not any(each.process.is_alive() for each in supervisor.processes)
    assert "worker died" in [each["event"] for each in logs]


def test_a_store_that_cannot_be_made_ends_all(site: Site) -> None:
    (site.config.parent / "var").mkdir(exist_ok=True)
    (site.config.parent / "var/ti.db").mkdir()
    code, said = serve(site, "--workers", "2")
    assert code == 1
    assert "a worker cannot start. The gateway did not start" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("signals")
def test_a_worker_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGS_MARK", str(tmp_path / "mark"))
    with bind(0) as sock, structlog.testing.capture_logs() as logs:
        supervisor = supervisor_of("tests.cli.hangs:app", sock, workers=1)
        supervisor.ended_within = 0.2
        supervisor.start_all()
        (worker,) = supervisor.processes
        assert until((tmp_path / "mark").exists, 60.0)
        supervisor.end_all()
    assert worker.exitcode == -signal.SIGKILL
    assert "worker does not end" in [each["event"] for each in logs]


def test_a_worker_that_starts_is_not_ended_by_a_hangup() -> None:
    with hangups_held():
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGHUP}
    child.send_signal(signal.SIGHUP)
    child.communicate(b"\n", timeout=30)
    assert child.returncode == 0


def _worker(said: Any) -> None:
    end_with_supervisor()
    said.send(os.getpid())
    time.sleep(300)


def _supervisor(said: Any) -> None:
    multiprocessing.get_context("spawn").Process(target=_worker, args=(said,)).start()
    time.sleep(300)


def test_a_worker_ends_when_its_supervisor_is_killed() -> None:
    context = multiprocessing.get_context("spawn")
    heard, said = context.Pipe(duplex=False)
    supervisor = context.Process(target=_supervisor, args=(said,))
    supervisor.start()
    said.close()
    assert heard.poll(60)
    heard.recv()
    supervisor.kill()
    supervisor.join()
    # The end of the last process that can say something.
    with pytest.raises(EOFError):
        assert heard.poll(30)
        heard.recv()
