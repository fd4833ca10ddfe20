"""What a service manager hears (sd_notify(3)), at a real datagram socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        path = str(tmp_path / "n")
        sock.bind(path)
        sock.settimeout(10)
        yield path, sock


def heard(sock: socket.socket) -> list[str]:
    return sock.recv(4096).decode().split("\n")


def test_each_state_is_said_in_one_message(manager: tuple[str, socket.socket]) -> None:
    path, sock = manager
    notifier = Notifier(path)
    notifier.ready("Serving ti")
    assert heard(sock) == ["READY=1", "STATUS=Serving ti"]
    notifier.ready("Serving ti", main=4711)
    assert heard(sock) == ["MAINPID=4711", "READY=1", "STATUS=Serving ti"]
    notifier.reloading("Starting a successor")
    first, when, status = heard(sock)
    assert (first, status) == ("RELOADING=1", "STATUS=Starting a successor")
    assert int(when.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping("Stopping", 45.0)
    assert heard(sock) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=45000000", "STATUS=Stopping"]
    notifier.alive()
    assert heard(sock) == ["WATCHDOG=1"]


def test_the_variables_are_for_this_process_alone_and_go_on_to_a_successor() -> None:
    environ = {
        "NOTIFY_SOCKET": "/run/n",
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    notifier = Notifier.of(environ)
    assert environ == {"A": "b"}
    assert notifier.alive_every == 10.0
    assert notifier.variables == {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "20000000"}


def test_a_watchdog_of_another_process_is_not_fed() -> None:
    environ = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}
    assert Notifier.of(environ).alive_every is None


@pytest.mark.parametrize("watchdog", ["0", "-1", "soon", "\N{SUPERSCRIPT TWO}"])
def test_a_watchdog_without_a_time_is_none(watchdog: str) -> None:
    assert Notifier("/run/n", watchdog).alive_every is None


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"toegangspoort-test-{os.getpid()}"
        sock.bind(f"\0{name}")
        sock.settimeout(10)
        Notifier(f"@{name}").alive()
        assert heard(sock) == ["WATCHDOG=1"]


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    Notifier().ready("Serving ti")
    Notifier(str(tmp_path / "nobody")).ready("Serving ti")
    assert Notifier.of({}).variables == {}
