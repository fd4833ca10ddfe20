"""A client connection that leaves HTTP: what it passes on, and when."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.edge.refusals import Refusals
from gateway.edge.response_cycle import SWITCH
from gateway.edge.switched import SwitchedConnection
from gateway.edge.turns import ClientTurns
from tests.edge.listening import Application, connect, everything, get, listening
from tests.running import Running
from tests.waiting import until

UPGRADE = ("Connection: upgrade", "Upgrade: shout")


class Shout:
    """The other protocol: everything comes back in capitals."""

    peer: Any

    def __init__(self) -> None:
        self.seen: list[str] = []

    def received(self, data: bytes) -> None:
        self.peer.write(data.upper())

    def ended(self) -> None:
        self.seen.append("ended")
        self.peer.close()

    def lost(self) -> None:
        self.seen.append("lost")

    def paused(self) -> None:
        self.seen.append("paused")

    def resumed(self) -> None:
        self.seen.append("resumed")

    def stopping(self) -> None:
        self.seen.append("stopping")
        self.peer.write(b"bye")
        self.peer.close()


class Shouting(Application):
    """Goes on in the other protocol where it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.other = Shout()

    @property
    def seen(self) -> list[str]:
        return self.other.seen

    async def shout(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"connection", b"upgrade"), (b"upgrade", b"shout")]
        self.other.peer = scope["extensions"][SWITCH](headers, self.other)
        self.other.peer.start()

    async def wrong(self, scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"][SWITCH]([(b"a", b"b\r\nc: d")], self.other)


@pytest.fixture
def shouting() -> Iterator[tuple[Running, Shouting, Refusals]]:
    with listening(Shouting()) as found:
        yield found


def until_head(sock: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += sock.recv(4096)
    return raw


def test_what_came_behind_the_request_and_what_comes_then_is_the_other_protocols(shouting: Any) -> None:
    running, app, _ = shouting
    with connect(running.port) as sock:
        sock.sendall(get("/ok") + get("/shout", *UPGRADE) + get("/ok"))
        raw = b""
        while not raw.endswith(b"HOST: GW.TEST\r\n\r\n"):
            raw += sock.recv(4096)
        assert b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: shout\r\n\r\n" in raw
        assert raw.endswith(b"GET /OK HTTP/1.1\r\nHOST: GW.TEST\r\n\r\n")
        assert app.asked == ["/ok", "/shout"]
        sock.shutdown(socket.SHUT_WR)
        assert everything(sock) == b""
    assert until(lambda: app.seen == ["ended", "lost"])
    assert until(lambda: not running.server.server_state.connections)


def test_a_reset_is_noticed_and_the_connection_counts_no_more(shouting: Any) -> None:
    running, app, _ = shouting
    sock = connect(running.port)
    sock.sendall(get("/shout", *UPGRADE))
    until_head(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
    assert until(lambda: app.seen == ["lost"])


def test_back_pressure_is_reported() -> None:
    with listening(Shouting(), write_timeout="300ms") as (running, app, refusals):
        with connect(running.port, read_buffer=4096) as sock:
            sock.sendall(get("/shout", *UPGRADE))
            until_head(sock)
            sock.setblocking(False)
            for _ in range(50_000):
                try:
                    sock.send(b"a" * 65_536)
                except BlockingIOError:
                    if app.seen:
                        break
            assert until(lambda: app.seen == ["paused", "lost"])
        assert refusals.counts == {"answer-not-read": 1}


def test_a_stop_reaches_the_other_protocol(shouting: Any) -> None:
    running, app, _ = shouting
    with connect(running.port) as sock:
        sock.sendall(get("/shout", *UPGRADE))
        until_head(sock)
        running.server.should_exit = True
        assert everything(sock) == b"bye"
    assert app.seen[0] == "stopping"


def test_a_header_with_a_line_end_is_not_sent(shouting: Any) -> None:
    with connect(shouting[0].port) as sock:
        sock.sendall(get("/wrong", *UPGRADE))
        assert everything(sock).startswith(b"HTTP/1.1 500 ")


def test_only_a_request_with_an_upgrade_can_leave_http(shouting: Any) -> None:
    with connect(shouting[0].port) as sock:
        sock.sendall(get("/shout"))
        assert everything(sock).startswith(b"HTTP/1.1 500 ")


def test_what_came_behind_the_request_is_passed_on_in_turn(
    monkeypatch: pytest.MonkeyPatch, shouting: tuple[Running, Shouting, Refusals]
) -> None:
    waited: list[str] = []
    wait = ClientTurns.wait

    def noting(turns: ClientTurns, begin: Callable[[], bool]) -> None:
        waited.append(begin.__name__)
        wait(turns, begin)

    monkeypatch.setattr(ClientTurns, "wait", noting)
    with connect(shouting[0].port) as sock:
        sock.sendall(get("/shout", *UPGRADE) + b"early")
        raw = b""
        while not raw.endswith(b"EARLY"):
            raw += sock.recv(4096)
        assert waited == ["_begin_in_turn"]
        sock.sendall(b"later")
        while not raw.endswith(b"LATER"):
            raw += sock.recv(4096)
    with connect(shouting[0].port) as sock:
        sock.sendall(get("/shout", *UPGRADE))
        until_head(sock)
    assert waited == ["_begin_in_turn"]


class Socket:
    """A client's socket, as far as a switch needs it; what was answered before still waits."""

    write_paused = True
    read_paused = True

    def pause_reading(self) -> None:
        self.read_paused = True

    def resume_reading(self) -> None:
        self.read_paused = False


class Full(Shout):
    """Has enough at once."""

    def received(self, data: bytes) -> None:
        self.seen.append(data.decode())
        self.peer.pause_reading()


def test_a_client_that_takes_in_nothing_stops_the_other_side_from_the_start() -> None:
    sock, other = Socket(), Full()
    found = SwitchedConnection(
        sock,  # type: ignore[arg-type]
        other,
        None,  # type: ignore[arg-type]
        early=b"",
        client_sent_all=False,
        gone=lambda: None,
    )
    other.peer = found
    found.receive(b"early")
    sock.hold_reading = lambda: False  # type: ignore[attr-defined]
    found.start()
    assert other.seen == ["paused", "early"]
    assert sock.read_paused, "what came early has filled the other side"
