"""A successor that serves, one that does not come to that, and one that is not wanted any more."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from gateway.cli.handover import READY, LaunchContext, Predecessor, Successor, waiting_place
from gateway.cli.notify import Notifier
from gateway.cli.sockets import HANDED_OVER, Sockets

SERVES = f"""
import os, socket
sock = socket.socket(fileno=int(os.environ['{HANDED_OVER}']))
assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
assert os.environ['NOTIFY_SOCKET'] == '/run/n'
os.write(int(os.environ['{READY}']), b'1')
"""


def around() -> LaunchContext:
    sockets = Sockets()
    sockets.listen("127.0.0.1:0").listen()
    return LaunchContext("ti", sockets, Notifier("/run/n"))


def test_it_gets_the_sockets_and_says_when_it_serves() -> None:
    start = around()
    successor = Successor(start, command=[sys.executable, "-c", SERVES])
    assert successor.outcome(math.inf) == ""
    successor._process.wait()
    start.sockets.close()


def test_one_that_ends_is_reported_with_its_exit_code() -> None:
    start = around()
    successor = Successor(start, command=[sys.executable, "-c", "raise SystemExit(3)"])
    assert successor.outcome(math.inf) == "the new process ended with exit code 3; its log lines say why"
    start.sockets.close()


def test_one_that_takes_too_long_is_ended() -> None:
    start = around()
    command = [sys.executable, "-c", "import time; time.sleep(300)"]
    successor = Successor(start, command=command, within=0.0)
    assert successor.outcome() == "the new process does not come to serve"
    assert successor._process.wait() == -signal.SIGTERM
    start.sockets.close()


HANGS = f"""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.close(int(os.environ['{READY}']))
time.sleep(300)
"""


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.handover._ENDS_WITHIN", 0.1)
    start = around()
    successor = Successor(start, command=[sys.executable, "-c", HANGS])
    assert successor.outcome(math.inf) == "the new process ended with exit code -9; its log lines say why"
    start.sockets.close()


def test_a_descriptor_that_is_none_is_nobody() -> None:
    for number in ("x", "999999"):
        assert not Predecessor.of({READY: number})


def test_a_predecessor_hears_it_once() -> None:
    heard, said = os.pipe()
    environ = {READY: str(said)}
    predecessor = Predecessor.of(environ)
    assert environ == {}
    assert predecessor
    predecessor.serves()
    assert os.read(heard, 8) == b"1"
    assert os.read(heard, 8) == b""
    os.close(heard)
    assert not predecessor
    assert not Predecessor.of({})


def reachable(sock: socket.socket) -> bool:
    try:
        socket.create_connection(sock.getsockname(), 0.3).close()
    except TimeoutError:
        return False
    return True


def test_what_a_predecessor_serves_stays_open_until_its_successor_serves() -> None:
    heard, said = os.pipe()
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        environ = {HANDED_OVER: str(os.dup(theirs.fileno())), READY: str(said)}
        start = LaunchContext.of("ti", environ)
        start.sockets.listen(f"127.0.0.1:{theirs.getsockname()[1]}")
        own = start.sockets.listen("127.0.0.1:0")
        own.listen()
        start.retire()
        assert (reachable(theirs), reachable(own)) == (True, False)
        start.serves()
        start.retire()
        assert not reachable(theirs)
        start.sockets.close()
    os.close(heard)


def test_everybody_who_waits_hears_how_it_ended(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as command,
    ):
        manager.bind(str(tmp_path / "n"))
        command.bind(waiting_place(os.getpid()))
        start = LaunchContext("ti", Sockets(), Notifier(str(tmp_path / "n")))
        start.replaced("no such module", None)
        assert manager.recv(4096) == b"READY=1\nSTATUS=Serving ti; the last restart failed: no such module"
        assert command.recv(4096) == b'{"why": "no such module", "pid": null, "environment": "ti"}'
        start.replaced("", 4711)
        assert manager.recv(4096) == b"MAINPID=4711\nREADY=1\nSTATUS=Serving ti"
        assert command.recv(4096) == b'{"why": "", "pid": 4711, "environment": "ti"}'
