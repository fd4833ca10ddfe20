"""How connections end, and what the client still gets to read."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.edge.listening import connect, everything, get, listening
from tests.waiting import until


def test_an_early_answer_arrives_although_the_client_goes_on_sending(gate: Any) -> None:
    with connect(gate[0].port) as sock:
        sock.sendall(get("/early", "Content-Length: 3000000", method="POST"))
        time.sleep(0.05)
        for _ in range(30):
            sock.sendall(b"x" * 100_000)
        raw = everything(sock)
    assert raw.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in raw


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_cut_answer_does_not_look_complete(gate: Any, version: str) -> None:
    with connect(gate[0].port) as sock:
        sock.sendall(get("/cut", version=version))
        raw, reset = b"", False
        try:
            while data := sock.recv(999):
                raw += data
        except ConnectionResetError:
            reset = True
    assert reset if version == "1.0" else (b"half" in raw and not raw.endswith(b"0\r\n\r\n"))


def test_a_refusal_arrives_although_the_client_goes_on_sending(gate: Any) -> None:
    with connect(gate[0].port) as sock:
        sock.sendall(b"BAD\r\n\r\n")
        for _ in range(30):
            sock.sendall(b"x" * 100_000)
        raw = everything(sock)
    assert raw.startswith(b"HTTP/1.1 400")
    assert raw.count(b"HTTP/1.1") == 1


def test_nothing_is_refused_inside_an_answer(gate: Any) -> None:
    """The register answers while the body still comes, and then the body turns out to be none."""
    with connect(gate[0].port) as sock:
        sock.sendall(get("/big?2000", "Transfer-Encoding: chunked", method="POST"))
        raw = sock.recv(4096)
        sock.sendall(b"zz\r\n")
        raw += everything(sock)
    assert raw.startswith(b"HTTP/1.1 200")
    assert raw.count(b"HTTP/1.1") == 1
    assert not raw.endswith(b"0\r\n\r\n")


def test_a_client_that_goes_on_sending_after_the_end_is_cut_off(
    gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.edge.closing._LINGER", 0.5)
    with connect(gate[0].port) as sock:
        sock.sendall(b"BAD\r\n\r\n")
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 20:
                sock.sendall(b"x" * 1_000)
                time.sleep(0.05)
        assert time.monotonic() - started > 0.4


def test_a_cut_answer_that_nobody_reads_is_closed_at_once() -> None:
    """What waits for the client would stay until `write_timeout` otherwise."""
    with (
        listening(write_timeout="60s") as (running, app, _),
        connect(running.port, read_buffer=4_096) as sock,
    ):
        sock.sendall(get("/cut_large"))
        assert until(lambda: app.ended == ["end"])
        assert until(lambda: not running.server.server_state.connections)
