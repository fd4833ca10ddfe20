"""The requests of one connection: their order, and what follows them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.edge.dialogue import Dialogue
from tests.edge.listening import Application, connect, everything, exchange, get, listening
from tests.running import Running
from tests.waiting import until


def test_requests_on_one_connection_are_answered_in_order(gate: Any) -> None:
    body = get("/echo", "Content-Length: 3", method="POST") + b"abc"
    seen = exchange(gate, get("/ok") + body + get("/headers", "X-A: b"), expect=3)
    assert [answer.body for answer in seen.answers] == [b"ok", b"abc", b"host=gw.test\nx-a=b"]
    assert not seen.closed


def test_requests_before_a_malformed_one_are_answered_first(gate: Any) -> None:
    seen = exchange(gate, get("/slow") + get("/ok") + b"BAD\0\r\n\r\n" + get("/ok"), expect=3)
    assert [answer.status for answer in seen.answers] == [200, 200, 400]
    assert [answer.body for answer in seen.answers[:2]] == [b"late", b"ok"]
    assert seen.closed


def test_options_of_the_server_itself_is_answered_here(gate: Any) -> None:
    before = len(gate[1].asked)
    seen = exchange(gate, get("*", method="OPTIONS") + get("/ok"), expect=2)
    assert [answer.status for answer in seen.answers] == [204, 200]
    assert "GET" in seen.answers[0].values("allow")[0]
    assert len(gate[1].asked) == before + 1
    assert exchange(gate, b"OPTIONS * HTTP/1.1\r\n\r\n").answers[0].status == 400


@pytest.mark.parametrize("path", ["/hang", "/big?100000"])
def test_the_application_hears_that_a_client_left(path: str) -> None:
    with listening() as (running, app, _):
        sock = connect(running.port)
        sock.sendall(get(path))
        assert until(lambda: app.at_work == 1)
        sock.close()
        assert until(lambda: app.at_work == 0)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_large_bodies_arrive_whole_one_after_the_other(gate: Any, framing: str) -> None:
    body = bytes(range(256)) * 8_000
    sent, line = body, f"Content-Length: {len(body)}"
    if framing == "chunked":
        sent, line = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), "Transfer-Encoding: chunked"
    with connect(gate[0].port) as sock:
        for _ in range(3):
            sock.sendall(get("/echo", line, method="POST") + sent)
            raw = b""
            while len(raw) < len(body) or not raw.endswith(b"\r\n\r\n" + body):
                data = sock.recv(262_144)
                assert data
                raw += data


def test_an_idle_connection_is_closed_in_time() -> None:
    with listening(keep_alive="200ms") as (running, _, _refusals), connect(running.port) as sock:
        sock.sendall(get())
        started = time.monotonic()
        assert everything(sock).endswith(b"ok")
        assert 0.1 < time.monotonic() - started < 20


@pytest.mark.parametrize(
    "octets",
    [b"", get("/ok"), get("/ok")[:-1], get("/ok")[:-2] + b"x: " + b"a" * 40_000, b"no request\r\n\r\n"],
)
def test_a_connection_that_is_gone_leaves_nothing_to_collect(octets: bytes) -> None:
    """A flood of connections must not fill memory until the next garbage collection."""
    with listening() as (running, _, _):
        gc.collect()
        # A test before this one may still hold some.
        others = {id(each): each for each in gc.get_objects() if isinstance(each, Dialogue)}
        gc.disable()
        try:
            for _ in range(20):
                with connect(running.port) as sock:
                    sock.sendall(octets)
                    if octets.endswith(b"\r\n\r\n") or len(octets) > 40_000:
                        assert sock.recv(4096)
            assert until(lambda: not running.server.server_state.connections)
            assert until(
                lambda: all(id(each) in others for each in gc.get_objects() if isinstance(each, Dialogue))
            )
        finally:
            gc.enable()


def test_a_request_that_waits_for_its_turn_is_answered_though_its_client_sends_no_more() -> None:
    with listening() as (running, app, _), contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(running.port)) for _ in range(40)]
        for sock in socks:
            sock.sendall(get("/ok") * 3)
            sock.shutdown(socket.SHUT_WR)
        for sock in socks:
            assert everything(sock).count(b"HTTP/1.1 200 ") == 3
        assert app.asked == ["/ok"] * 120


class Held:
    """Turns that come by `go_on`."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], bool], asyncio.AbstractEventLoop]] = []

    def shorten(self) -> None:
        """Turns come when they are told to."""

    def take(self, _now: float) -> bool:
        return False

    def wait(self, _client: Any, begin: Callable[[], bool], loop: asyncio.AbstractEventLoop) -> None:
        self.waiting.append((begin, loop))

    def call(self, first: Callable[[], None]) -> None:
        """Before the turn comes."""
        _, loop = self.waiting[-1]
        loop.call_soon_threadsafe(first)

    def go_on(self) -> None:
        begin, loop = self.waiting.pop()
        loop.call_soon_threadsafe(begin)


@contextlib.contextmanager
def waiting_in_turn(octets: bytes) -> Iterator[tuple[Running, Application, Held, socket.socket]]:
    """A connection on which these octets have come, and wait for their turn."""
    held = Held()
    with listening() as (running, app, _):
        running.server.config.http_protocol_class.listener.turns = held  # type: ignore[union-attr]
        with connect(running.port) as sock:
            sock.sendall(octets)
            assert until(lambda: len(held.waiting) == 1)
            yield running, app, held, sock


@pytest.mark.parametrize("whole", [True, False])
def test_a_request_that_waits_for_its_turn_when_the_server_stops_is_answered(whole: bool) -> None:
    with waiting_in_turn(get("/ok") if whole else get("/ok")[:-1]) as (running, _, held, sock):
        (connection,) = running.server.server_state.connections
        held.call(connection.shutdown)
        if not whole:
            sock.sendall(get("/ok")[-1:])
        dialogue = connection._dialogue  # type: ignore[union-attr]
        assert until(lambda: dialogue._stopping and dialogue._rest == get("/ok"))
        held.go_on()
        answer = everything(sock)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer


def test_a_body_that_is_cut_short_in_its_turn_is_refused_at_once() -> None:
    octets = get("/echo", "Content-Length: 10", method="POST") + b"abc"
    with waiting_in_turn(octets) as (running, app, held, sock):
        sock.shutdown(socket.SHUT_WR)
        (connection,) = running.server.server_state.connections
        dialogue = connection._dialogue  # type: ignore[union-attr]
        assert until(lambda: dialogue._closing.client_sent_all)
        held.go_on()
        assert everything(sock).startswith(b"HTTP/1.1 400 ")
        assert app.bodies == []
