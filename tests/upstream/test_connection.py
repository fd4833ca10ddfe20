"""How the state of a connection moves, and when the connection can carry another exchange."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

import pytest

from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.upstream.connection import ConnectionClosed, UpstreamConnection
from gateway.upstream.connection_state import ConnectionState
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import UpstreamSettings
from tests.tls import Certificates
from tests.upstream.transports import RecordingTransport, connected

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def started(method: str = "GET") -> tuple[UpstreamConnection, RecordingTransport]:
    connection, transport = connected()
    connection.start(method)
    connection.request_sent()
    return connection, transport


async def test_an_exchange_passes_through_its_states_in_order() -> None:
    connection, _ = connected()
    seen = [connection.state]
    connection.start("GET")
    seen.append(connection.state)
    connection.request_sent()
    for part in (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n\r\no", b"k"):
        connection.data_received(part)
        seen.append(connection.state)
    assert await connection.read(1) == b"ok"
    assert await connection.read(1) == b""
    assert connection.reusable
    connection.rest(5.0)
    assert [*seen, connection.state] == [
        *(ConnectionState.IDLE, ConnectionState.WAITING, ConnectionState.HEAD, ConnectionState.BODY),
        *(ConnectionState.COMPLETE, ConnectionState.IDLE),
    ]
    assert connection.idle_since == 5.0


@pytest.mark.parametrize(
    ("method", "octets"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", OK + b"x"),
        ("GET", OK + OK),
        ("HEAD", OK),
    ],
    ids=["close", "http-1.0", "octets-after", "second-answer", "body-for-head"],
)
async def test_an_answer_that_leaves_doubt_is_complete_but_its_connection_is_not_reused(
    method: str, octets: bytes
) -> None:
    connection, _ = started(method)
    connection.data_received(octets)
    assert connection.state is ConnectionState.COMPLETE
    connection.take()
    assert not connection.reusable


async def test_an_early_answer_is_read_though_the_register_closed_behind_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pool = ConnectionPool(
            UpstreamSettings.model_validate({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"})
        )
        connection = await pool.dial()
        register, _ = listening.accept()
    connection.start("POST")
    connection.write(b"POST / HTTP/1.1\r\n\r\n")
    with register:
        assert register.recv(1)
        register.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nok")
    # With octets that nobody read the register's machine answers what follows with a reset. The loop has not looked yet.
    for _ in range(3):
        connection.write(b"body")
    await connection.wait(30)
    assert (connection.response.status, connection.state) == (413, ConnectionState.COMPLETE)
    assert connection.take() == b"ok"
    assert not connection.reusable


async def test_an_early_answer_does_not_make_the_connection_reusable() -> None:
    connection, _ = connected()
    connection.start("POST")
    connection.data_received(OK)
    connection.take()
    assert not connection.reusable
    connection.request_sent()
    assert connection.reusable


async def test_a_body_that_was_not_taken_does_not_make_the_connection_reusable() -> None:
    connection, _ = started()
    connection.data_received(OK)
    assert not connection.reusable


async def test_octets_without_a_request_close_the_connection() -> None:
    connection, transport = connected()
    connection.data_received(OK)
    assert connection.closed
    assert transport.aborted
    assert connection.state is ConnectionState.IDLE


async def test_a_connection_that_is_not_clean_cannot_start_another_exchange() -> None:
    connection, _ = started()
    with pytest.raises(RuntimeError, match="WAITING cannot follow WAITING"):
        connection.start("GET")


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"", ConnectionClosed),
        (b"HTTP/1.1 100 Continue\r\n\r\n", UpstreamBroken),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", UpstreamBroken),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", UpstreamBroken),
    ],
    ids=["nothing", "interim", "length", "chunked"],
)
async def test_a_register_that_closes_too_early_fails_the_exchange(
    octets: bytes, error: type[Exception]
) -> None:
    connection, _ = started()
    if octets:
        connection.data_received(octets)
    connection.connection_lost(None)
    assert connection.state is ConnectionState.FAILED
    with pytest.raises(error):
        connection.raise_for_error()


async def test_a_refusal_by_tls_behind_the_handshake_says_why() -> None:
    connection, _ = started()
    refusal = ssl.SSLError(1, "alert")
    refusal.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    connection.connection_lost(refusal)
    with pytest.raises(
        ConnectionClosed, match=r"does not accept the certificate .* alert certificate required"
    ):
        connection.raise_for_error()


async def test_an_answer_without_framing_ends_with_the_connection() -> None:
    connection, _ = started()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nok")
    connection.connection_lost(None)
    assert await connection.read(1) == b"ok"
    assert await connection.read(1) == b""
    assert not connection.reusable


async def test_a_large_body_behind_a_head_in_pieces_is_no_large_head() -> None:
    connection, _ = started()
    connection.data_received(b"HTTP/1.1 200 OK\r\n")
    connection.data_received(b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000)
    assert connection.state is ConnectionState.COMPLETE


@pytest.mark.parametrize("pieces", [1, 40])
async def test_a_head_that_is_too_large_fails_the_exchange(pieces: int) -> None:
    connection, _ = started()
    octets = b"HTTP/1.1 200 OK\r\n" + b"X-Filler: %s\r\n" % (b"x" * 1000) * 140 + b"Content-Length: 0\r\n\r\n"
    size = len(octets) // pieces + 1
    for first in range(0, len(octets), size):
        connection.data_received(octets[first : first + size])
    with pytest.raises(UpstreamBroken, match="131072 bytes"):
        connection.raise_for_error()


async def test_silence_in_the_middle_of_a_body_is_a_timeout() -> None:
    connection, _ = started()
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    with pytest.raises(UpstreamTimeout):
        await connection.read(0.01)


async def test_the_reason_of_an_abandoned_exchange_reaches_its_reader() -> None:
    connection, transport = started()
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    reader = asyncio.create_task(connection.read(5))
    await asyncio.sleep(0)
    connection.abandon(KeyError("mine"))
    with pytest.raises(KeyError, match="mine"):
        await reader
    assert transport.aborted


async def test_writing_waits_while_the_register_takes_nothing_in() -> None:
    connection, _ = started()
    connection.pause_writing()
    paused = connection.writable
    assert paused is not None
    assert not paused.done()
    connection.resume_writing()
    assert paused.done()
    connection.pause_writing()
    paused = connection.writable
    assert paused is not None
    connection.connection_lost(None)
    assert paused.done()


async def test_a_reset_does_not_complete_an_answer_without_framing() -> None:
    connection, _ = started()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nok")
    connection.connection_lost(ConnectionResetError())
    assert await connection.read(1) == b"ok"
    with pytest.raises(UpstreamBroken):
        await connection.read(1)


def answer_over_tls(listening: socket.socket, tls: ssl.SSLContext, octets: bytes, *, in_order: bool) -> None:
    """Take one connection, answer, and close it; `in_order` with the end that TLS has for it (close_notify)."""
    accepted, _ = listening.accept()
    with tls.wrap_socket(accepted, server_side=True) as register:
        register.recv(1)
        register.sendall(octets)
        if in_order:
            with contextlib.suppress(OSError):
                register.unwrap()
        else:
            register.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("size", [2, 200_000])
@pytest.mark.parametrize(
    ("lines", "in_order", "whole"),
    [
        (b"", True, True),
        (b"", False, False),
        (b"Content-Length: %d\r\n", False, True),
    ],
    ids=["close-notify", "cut", "length"],
)
async def test_over_tls_an_answer_without_framing_ends_where_the_register_says_so(
    tmp_path: Path, lines: bytes, in_order: bool, whole: bool, size: int
) -> None:
    certificates = Certificates(tmp_path)
    octets = b"HTTP/1.1 200 OK\r\n%b\r\n" % (lines % size if lines else b"") + size * b"x"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url, tls = f"https://127.0.0.1:{listening.getsockname()[1]}", {"server_name": "localhost"}
        pool = ConnectionPool(
            UpstreamSettings.model_validate({"url": url, "tls": {**tls, "ca": certificates.ca}})
        )
        await pool.start()
        answering = asyncio.to_thread(
            answer_over_tls, listening, certificates.server(), octets, in_order=in_order
        )
        register = asyncio.create_task(answering)
        connection = await pool.dial()
        connection.start("GET")
        connection.write(b"GET / HTTP/1.1\r\n\r\n")
        connection.request_sent()
        received = b""
        if whole:
            while part := await connection.read(30):
                received += part
            assert len(received) == size
        else:
            with pytest.raises(UpstreamBroken, match="close_notify"):
                while await connection.read(30):
                    pass
        connection.close()
        await register


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic, NTLM\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: negotiate\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nPersistent-Auth: true\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_connection_that_was_logged_in_is_not_used_for_another(octets: bytes) -> None:
    connection, _ = started()
    connection.data_received(octets)
    assert connection.state is ConnectionState.COMPLETE
    assert not connection.reusable


async def test_after_the_last_request_a_connection_is_not_used_again() -> None:
    connection, _ = connected()
    connection.start("GET", last=True)
    connection.request_sent()
    connection.data_received(OK)
    connection.take()
    assert not connection.reusable


async def test_a_basic_login_concerns_the_request_only() -> None:
    connection, _ = started()
    connection.data_received(
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    )
    assert connection.reusable


async def test_a_callback_hears_of_a_whole_answer_once_and_of_no_part_of_a_head() -> None:
    connection, _ = started()
    told: list[ConnectionState] = []
    connection.tell(lambda: told.append(connection.state), 5)
    connection.data_received(OK[:20])
    assert not told
    connection.data_received(OK[20:])
    connection.connection_lost(None)
    assert told == [ConnectionState.COMPLETE]


async def test_a_callback_hears_of_a_failure_and_of_time_that_is_over() -> None:
    connection, _ = started()
    told: list[ConnectionState] = []
    over = asyncio.Event()
    connection.tell(over.set, 0.001)
    async with asyncio.timeout(30):
        await over.wait()
    connection.tell(lambda: told.append(connection.state), 5)
    connection.connection_lost(None)
    assert told == [ConnectionState.FAILED]


async def test_a_later_wait_can_be_shorter_or_longer_than_the_timer_of_the_one_before() -> None:
    connection, _ = started()
    clock = asyncio.get_running_loop().time
    connection.tell(lambda: None, 60)
    began = clock()
    await connection.wait(0.01)
    connection.tell(lambda: None, 0.01)
    await connection.wait(0.03)
    assert 0.035 < clock() - began < 5
