"""`gateway restart`, and a restart of one gateway under load."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.restart import Fleet, fleet, restarted_under_load
from gateway.cli import application

# A process that looks like the first one of a gateway: it takes the order, and answers as its argument says.
STANDS_IN = """
import json, os, signal, socket, sys
def restart(number, frame):
    if sys.argv[1]:
        place = "\\0toegangspoort-restart-%d" % os.getpid()
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), place)
signal.signal(signal.SIGUSR2, restart)
print("ready", flush=True)
while True:
    signal.pause()
"""


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(application(["restart"]), ["restart", *arguments])


@pytest.fixture
def stand_in(request: pytest.FixtureRequest) -> Iterator[int]:
    command = [sys.executable, "-c", STANDS_IN, request.param, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield child.pid
        child.kill()


@pytest.mark.parametrize(
    "stand_in", ['{"why": "", "pid": 4711, "environment": "prd"}', '{"why": "it ended", "environment": "ti"}'],
    indirect=True,
)  # fmt: skip
def test_the_environment_is_named(stand_in: int) -> None:
    done = typed(str(stand_in))
    assert done.output in (
        "The successor of prd serves: process 4711\n",
        f"it ended. The old gateway of ti (process {stand_in}) serves on.\n",
    )


@pytest.mark.parametrize("stand_in", ['{"why": "", "pid": 4711}'], indirect=True)
def test_0_the_successor_serves(stand_in: int) -> None:
    done = typed(str(stand_in))
    assert (done.exit_code, done.stdout) == (0, "The successor serves: process 4711\n")


@pytest.mark.parametrize("stand_in", ['{"why": "it ended", "pid": null}'], indirect=True)
def test_1_the_old_one_serves_on(stand_in: int) -> None:
    done = typed(str(stand_in))
    assert done.exit_code == 1
    assert done.stderr == f"it ended. The old gateway (process {stand_in}) serves on.\n"


def test_2_another_process_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()", "serve"], stdin=subprocess.PIPE) as child:
        done = typed(str(child.pid))
        assert done.exit_code == 2
        assert "is not the first process of a gateway that serves: nothing was done" in done.stderr
        assert child.poll() is None


@pytest.mark.parametrize("stand_in", [""], indirect=True)
def test_3_nobody_says_how_it_ended(stand_in: int) -> None:
    done = typed(str(stand_in), "--timeout", "1")
    assert done.exit_code == 3
    assert "has not said within 1s" in done.stderr


# Ten times as many by RESTART_REQUESTS=5000, or `python -m benchmarks.restart`.
REQUESTS = int(os.environ.get("RESTART_REQUESTS", "500"))


def nothing_lost(way: str, gateways: Fleet) -> None:
    outcome = restarted_under_load(way, gateways, REQUESTS, pause=0.05)
    assert outcome.visits.lost == []
    assert outcome.twice == outcome.missing == []
    assert outcome.login_finished
    assert outcome.visits.asked >= REQUESTS


def test_one_gateway_hands_over_to_its_successor_and_nobody_notices() -> None:
    with fleet("alone", drain={"wait": "1s", "finish": "30s"}) as gateways:
        old = gateways.running[0]
        nothing_lost("alone", gateways)
        assert gateways.running[0] != old
        # What does not start changes nothing.
        config, now = gateways.configs[0], gateways.running[0]
        config.write_text(config.read_text().replace("issuer:", "isuer:"))
        done = typed(str(now))
        assert done.exit_code == 1, done.output
        assert "ended with exit code 1" in done.stderr
        gateways.wait_ready(0)
        assert Path(f"/proc/{now}").exists()
        assert "unknown key 'isuer'" in gateways.log(0)


@pytest.mark.parametrize("way", ["alone", "workers"])
def test_a_successor_that_fails_late_leaves_the_old_one_reachable(way: str) -> None:
    """Whether a key can be read is known in the worker alone, which has the sockets by then."""
    with fleet(way, forked=True, drain={"wait": "0s", "finish": "5s"}) as gateways:
        old = gateways.running[0]
        key = gateways.configs[0].parent / "secrets/ti/session.key"
        kept = key.read_bytes()
        key.write_bytes(b"short")
        done = typed(str(old))
        assert done.exit_code == 1, done.output
        assert f"The old gateway of ti (process {old}) serves on." in done.stderr
        for port in (gateways.listens[0], gateways.observes[0]):
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", port), 5):
                    pass
        key.write_bytes(kept)
        done = typed(str(old))
        assert done.exit_code == 0, done.output
        gateways.running[0] = int(done.stdout.split()[-1])
        with socket.create_connection(("127.0.0.1", gateways.listens[0]), 5):
            pass
