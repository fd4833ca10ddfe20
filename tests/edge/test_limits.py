"""What a client can cost: attacks on the listener, and what a bystander notices of them."""

from __future__ import annotations

import gc
import logging
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.edge.dialogue import Dialogue
from gateway.edge.protocol import GatewayProtocol
from tests.edge.listening import Application, connect, everything, get, listening
from tests.upstream.raw_client import converse
from tests.waiting import until

MEGABYTE = 1_048_576


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def bystander(port: int) -> float:
    """How long somebody else waits for a small answer, in seconds of processor time: all that this process does meanwhile."""
    interval = sys.getswitchinterval()
    # The bystander waits for the listener, and not for the interpreter that both share.
    sys.setswitchinterval(interval / 10)
    try:
        started = time.process_time()
        seen = converse(port, get("/ok", "Connection: close"), patience=10)
        waited = time.process_time() - started
    finally:
        sys.setswitchinterval(interval)
    assert [answer.body for answer in seen.answers] == [b"ok"]
    return waited


def send_what_goes(sock: socket.socket, data: bytes) -> None:
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while data:
            data = data[sock.send(data) :]


@pytest.mark.parametrize("first", ["/hang", "/slow", "/ok"])
def test_pipelined_requests_wait_in_the_network(first: str) -> None:
    """60 connections with 6,000 requests each: 14 MB."""
    requests = get(first) + get("/ok") * 6_000
    with listening() as (running, app, _), ExitStack() as stack:
        bystander(running.port)
        socks = [stack.enter_context(connect(running.port)) for _ in range(60)]
        before = resident()
        assert until(lambda: len(running.server.server_state.connections) == 60)
        waits, peak = [], 0
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            for sock in socks:
                send_what_goes(sock, requests)
            waits.append(bystander(running.port))
            peak = max(peak, resident() - before)
        assert max(waits) < 0.5
        assert peak < 16 * MEGABYTE
        if first == "/hang":
            assert app.at_work == 60


def test_pipelined_requests_of_a_client_that_does_not_read_are_not_all_answered() -> None:
    with listening(write_timeout="300ms") as (running, app, refusals):
        with connect(running.port, read_buffer=4096) as sock:
            send_what_goes(sock, get("/big?2") * 2_000)
            assert until(lambda: refusals.counts["answer-not-read"] == 1)
        assert until(lambda: app.at_work == 0)
        assert len(app.asked) < 200


@pytest.mark.parametrize("path", ["/big?400", "/big?2000"])
def test_clients_that_stop_reading_are_let_go_of(path: str) -> None:
    with listening(write_timeout="300ms") as (running, app, refusals), ExitStack() as stack:
        before = resident()
        for _ in range(50):
            sock = stack.enter_context(connect(running.port, read_buffer=4096))
            sock.sendall(get(path))
        assert bystander(running.port) < 0.5
        assert until(lambda: refusals.counts["answer-not-read"] == 50)
        assert until(lambda: app.at_work == 0)
        assert until(lambda: not running.server.server_state.connections)
        assert resident() - before < 32 * MEGABYTE


def test_a_closed_connection_with_an_answer_that_nobody_reads_is_let_go_of() -> None:
    with (
        listening(write_timeout="300ms") as (running, app, _),
        connect(running.port, read_buffer=4096) as sock,
    ):
        sock.sendall(get("/whole", "Connection: close"))
        assert until(lambda: app.ended == ["end"])
        assert until(lambda: not running.server.server_state.connections)


def test_a_client_that_reads_slowly_but_steadily_gets_all() -> None:
    started = time.monotonic()
    with listening(write_timeout="1s") as (running, _, refusals):
        with connect(running.port, read_buffer=65_536) as sock:
            sock.sendall(get("/big?120", "Connection: close"))
            size = 0
            while data := sock.recv(65_536):
                size += len(data)
                time.sleep(0.01)
        assert time.monotonic() - started > 1
        assert size > 120 * 65_536
        assert not refusals.counts


def trickled(sock: socket.socket, octet: bytes) -> bytes:
    """Send an octet every 50 ms, which has to end; what is answered."""
    sock.settimeout(0.05)
    started = time.monotonic()
    while True:
        assert time.monotonic() - started < 20
        sock.sendall(octet)
        with suppress(TimeoutError):
            return sock.recv(4096)


def test_a_head_must_come_in_time_however_it_trickles() -> None:
    with listening(header_timeout="300ms") as (running, app, refusals), connect(running.port) as sock:
        sock.sendall(b"GET /ok HTTP/1.1\r\nHost: gw.test\r\nX-A: ")
        assert trickled(sock, b"a").startswith(b"HTTP/1.1 408")
        assert refusals.counts == {"head-slow": 1}
        assert not app.asked


def test_the_time_for_a_head_starts_with_its_first_octet_not_with_the_connection() -> None:
    with listening(header_timeout="1500ms") as (running, _, _refusals), connect(running.port) as sock:
        for _ in range(4):
            sock.sendall(get()[:10])
            time.sleep(0.45)
            sock.sendall(get()[10:])
            assert sock.recv(999).endswith(b"ok")


def test_a_connection_that_says_nothing_is_closed() -> None:
    with listening(header_timeout="200ms") as (running, _, _refusals), connect(running.port) as sock:
        assert everything(sock) == b""


def test_a_trickled_body_is_refused() -> None:
    with listening(body_timeout="100ms") as (running, app, refusals), connect(running.port) as sock:
        sock.sendall(get("/echo", "Content-Length: 100000", method="POST"))
        assert trickled(sock, b"x").startswith(b"HTTP/1.1 408")
        assert refusals.counts == {"body-slow": 1}
        assert until(lambda: app.ended == ["disconnect", "end"])


def test_a_body_has_a_time_in_all() -> None:
    with listening(body_time_limit="300ms") as (running, _, refusals), connect(running.port) as sock:
        sock.sendall(get("/echo", "Content-Length: 100000000", method="POST"))
        started = time.monotonic()
        while not refusals.counts:
            assert time.monotonic() - started < 20
            sock.sendall(b"x" * 10_000)
            time.sleep(0.01)
        assert sock.recv(4096).startswith(b"HTTP/1.1 408")
        assert refusals.counts == {"body-slow": 1}


def test_a_new_connection_takes_the_place_of_an_idle_one() -> None:
    """Half requests, silent and idle connections: as many as there may be, and a bystander of the same address."""
    with listening(max_connections_per_client=20) as (running, _, refusals), ExitStack() as stack:
        for number in range(300):
            sock = stack.enter_context(connect(running.port))
            if number % 3:
                sock.sendall(get() if number % 2 else get()[:-1])
            if number % 50 == 0:
                assert bystander(running.port) < 0.5
        assert bystander(running.port) < 0.5
        assert len(running.server.server_state.connections) <= 21
        assert refusals.counts["idle-for-room"] >= 250


def test_a_flood_of_connections_is_closed_without_an_answer() -> None:
    with listening(max_connections=20, max_new_connections_per_client=1) as (running, _, refusals):
        seen = [converse(running.port, get()) for _ in range(40)]
        answered = [each.answers[0].status for each in seen if each.answers]
        assert set(answered) == {200}
        assert 20 <= len(answered) < 30  # a second lets in one more
        assert all(each.closed for each in seen if not each.answers)
        assert refusals.counts == {"connections-too-fast": 40 - len(answered)}


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("max_connections_per_client", "connections-of-client"), ("max_connections", "connections")],
)
def test_where_all_are_at_work_there_is_no_room(limit: str, reason: str) -> None:
    with listening(**{limit: 3}) as (running, app, refusals), ExitStack() as stack:
        socks = [stack.enter_context(connect(running.port)) for _ in range(3)]
        for sock in socks:
            sock.sendall(get("/hang"))
        assert until(lambda: app.at_work == 3)
        seen = converse(running.port, get())
        assert [answer.status for answer in seen.answers] == [503]
        assert seen.answers[0].values("retry-after")
        assert seen.closed
        assert refusals.counts == {reason: 1}
        socks.pop().close()
        assert until(lambda: app.at_work == 2)
        bystander(running.port)


@contextmanager
def records() -> Iterator[list[logging.LogRecord]]:
    """What is logged by anybody from the level of warnings on."""
    kept: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    handler = Keeping(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield kept
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_nothing_that_a_client_does_fills_the_log_or_stays() -> None:
    with listening(write_timeout="300ms", body_timeout="100ms") as (running, app, _), records() as kept:
        for data in (
            b"",
            b"\x16\x03\x01\0\xa5",
            b"GET",
            get()[:-2],
            get("/hang"),
            get("/cut"),
            get("/big?1000"),
            get("/whole"),
            get("/echo", "Content-Length: 10", method="POST") + b"half",
            get("/early", "Content-Length: 10", method="POST") + b"half",
            get("/echo", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n",
            get("/ok") * 500,
        ):
            for end in (reset, socket.socket.close, lambda sock: sock.shutdown(socket.SHUT_WR)):
                sock = connect(running.port, read_buffer=4096)
                sock.sendall(data)
                time.sleep(0.02)
                end(sock)
                if end is not reset:
                    sock.close()
        bystander(running.port)
        assert until(lambda: app.at_work == 0)
        assert until(lambda: not running.server.server_state.connections)
        assert not running.server.server_state.tasks
        assert until(lambda: gone(GatewayProtocol) and gone(Dialogue))
    assert not [record.getMessage() for record in kept]


def gone(kind: type[Any]) -> bool:
    gc.collect()
    return not any(isinstance(each, kind) for each in gc.get_objects())


def test_the_fault_of_an_application_is_logged() -> None:
    with listening() as (running, _, _refusals), records() as kept:
        converse(running.port, get("/fault"))
        converse(running.port, get("/stuck"))
    assert {record.getMessage() for record in kept} == {"request failed", "request not answered"}


def test_settings_hold_for_the_class_and_not_for_others() -> None:
    with listening(Application(), max_headers=20) as (running, _, refusals):
        assert converse(running.port, get("/ok", *["X-A: b"] * 30)).answers[0].status == 431
        assert refusals.counts == {"head-too-large": 1}
    with listening() as (running, _, refusals):
        assert converse(running.port, get("/ok", *["X-A: b"] * 30)).answers[0].status == 200
        assert not refusals.counts
