"""A client that has sent all: it may still read, or be gone."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest

from tests.edge.listening import Application, connect, exchange, get, listening
from tests.waiting import until


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("path", ["/ok", "/slow"])
def test_a_client_that_has_sent_all_is_answered(gate: Any, path: str, version: str) -> None:
    seen = exchange(gate, get(path, version=version), half_close=True)
    assert [answer.status for answer in seen.answers] == [200]
    assert seen.answers[0].complete
    assert seen.closed


def test_all_requests_of_a_client_that_has_sent_all_are_answered(gate: Any) -> None:
    seen = exchange(gate, get("/slow") + get("/ok") + get("/ok"), half_close=True)
    assert [answer.body for answer in seen.answers] == [b"late", b"ok", b"ok"]
    assert seen.closed


def test_half_a_request_is_not_answered_as_one(gate: Any) -> None:
    seen = exchange(gate, get("/echo", "Content-Length: 10", method="POST") + b"half", half_close=True)
    assert [answer.status for answer in seen.answers] == [400]
    assert seen.closed
    seen = exchange(gate, b"GET /ok HTT", half_close=True)
    assert [answer.status for answer in seen.answers] == [400]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_the_work_for_a_client_that_is_gone_ends(path: str, version: str) -> None:
    """Its end looks like that of a client that still reads, until something is written to it."""
    with listening() as (running, app, refusals):
        sock = connect(running.port)
        sock.sendall(get(path, version=version))
        assert until(lambda: app.at_work == 1)
        sock.close()
        assert until(lambda: app.at_work == 0, patience=8)
        assert until(lambda: not running.server.server_state.connections)
        assert not refusals.counts


def test_a_client_of_http_1_1_that_waits_is_asked_and_stays() -> None:
    with listening() as (running, app, _), connect(running.port) as sock:
        sock.sendall(get("/slow"))
        sock.shutdown(socket.SHUT_WR)
        raw = b""
        while data := sock.recv(4096):
            raw += data
        assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        assert raw.endswith(b"late")
        assert app.ended == ["end"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_has_sent_all_may_read_slowly(gate: Any, version: str) -> None:
    with connect(gate[0].port, read_buffer=4_096) as sock:
        sock.sendall(get("/big?40", version=version))
        sock.shutdown(socket.SHUT_WR)
        raw = sock.recv(10)
        for _ in range(3):
            time.sleep(0.7)
            raw += sock.recv(10)
        while data := sock.recv(65_536):
            raw += data
    assert raw.count(b"x") >= 40 * 65_536


class Pausing(Application):
    """Begins an answer, and goes on after two seconds."""

    async def pausing(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(2)
        await send({"type": "http.response.body", "body": b"rest"})


def test_half_an_answer_does_not_look_whole_to_a_client_that_was_taken_for_gone() -> None:
    with listening(Pausing()) as (running, _, _), connect(running.port) as sock:
        sock.sendall(get("/pausing", version="1.0"))
        sock.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            while sock.recv(4_096):
                pass
