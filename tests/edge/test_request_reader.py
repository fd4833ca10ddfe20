"""Octets to requests, over real sockets and by hand."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from gateway.edge.known_heads import known_heads
from gateway.edge.refusals import Refused
from gateway.edge.request_reader import RequestReader
from gateway.edge.settings import EdgeSettings
from tests.edge.listening import connect, exchange, get


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_split_anywhere_is_the_same_request(gate: Any, method: str) -> None:
    for tail in (
        b"",
        b"Content-Length: 4\r\n\r\nbody",
        b"Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n0\r\nA: b\r\n\r\n",
    ):
        whole = f"{method} /echo HTTP/1.1\r\nHost: gw.test\r\nUpgrade: h2c\r\nX-A: upgrade:\r\n".encode() + (
            tail or b"\r\n"
        )
        with connect(gate[0].port) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for cut in range(1, len(whole), 3):
                sock.sendall(whole[:cut])
                time.sleep(0.001)
                sock.sendall(whole[cut:])
                expected = b"body" if tail else b""
                raw = b""
                while not raw.endswith(b"\r\n\r\n" + expected):
                    data = sock.recv(4096)
                    assert data, (cut, raw)
                    raw += data
                assert raw.startswith(b"HTTP/1.1 200"), (cut, raw)


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE", "uPGRADe"])
def test_an_upgrade_is_a_header_like_others_however_it_arrives(gate: Any, name: str) -> None:
    head = get("/headers", "X-A: 1", f"{name}: websocket", "Connection: Upgrade", "X-B: upgrade: no")
    pieces = [bytes([octet]) for octet in head]
    for parts in ([head], pieces):
        seen = exchange(gate, *parts, pause=0.001)
        assert seen.answers[0].status == 200
        lines = b"host=gw.test\nx-a=1\nupgrade=websocket\nconnection=Upgrade\nx-b=upgrade: no"
        assert seen.answers[0].body == lines


def test_no_other_header_passes_for_an_upgrade(gate: Any) -> None:
    seen = exchange(gate, get("/headers", "Xupgrad: websocket", "Upgrade-Insecure-Requests: 1"))
    assert seen.answers[0].body == b"host=gw.test\nxupgrad=websocket\nupgrade-insecure-requests=1"


def test_http_1_0_has_no_transfer_encoding(gate: Any) -> None:
    head = get("/echo", "Connection: keep-alive", "Transfer-Encoding: chunked", method="POST", version="1.0")
    seen = exchange(gate, head + b"0\r\n\r\n" + get("/ok"), expect=2)
    assert [answer.status for answer in seen.answers] == [400]
    assert seen.closed


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /ok HTTP/2.0", 505),
        (b"GET /ok HTTP/0.9", 400),
        (b"GET /ok", 400),
        (b"GET /ok HTTP/1.2", 400),
        (b"GET /ok RTSP/1.0", 400),
        (b"SOURCE /ok ICE/1.0", 400),
        (b"GET  /ok HTTP/1.1", 400),
        (b"GET /ok  HTTP/1.1", 400),
        (b"CONNECT gw.test:443 HTTP/1.1", 405),
        (b"CONNECT /ok HTTP/1.1", 405),
    ],
)
def test_what_else_a_request_line_may_say_is_refused(gate: Any, request_line: bytes, status: int) -> None:
    seen = exchange(gate, request_line + b"\r\nHost: gw.test\r\n\r\n" + get("/ok"), expect=2)
    assert [answer.status for answer in seen.answers] == [status]
    assert bool(seen.answers[0].values("allow")) is (status == 405)
    assert seen.closed


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n"])
def test_white_space_around_a_value_and_empty_lines_before_a_request_mean_nothing(
    gate: Any, before: bytes
) -> None:
    head = get("/echo", "Content-Length: 3 \t", "Expect: 100-continue ", method="POST")
    for pieces in ([before + head + b"abc"], [before, head[:30], head[30:] + b"abc"]):
        seen = exchange(gate, *pieces)
        assert [(answer.status, answer.body) for answer in seen.answers] == [(200, b"abc")]


def test_many_empty_lines_are_passed_over_at_once() -> None:
    found = reader()
    for blank in (b"\r\n" * 8_192, b"\n" * 16_384, b"\r", b"\n"):
        assert found.feed(blank) == len(blank)
        assert not found.begun
    head = get("/ok")
    assert read(found, b"\r\n\r\n" + head + b"rest") == b"rest"


def test_a_request_line_in_pieces_is_looked_at_as_a_whole() -> None:
    for line in (b"GET  /ok HTTP/1.1\r\n", b"GET /ok RTSP/1.0\r\n"):
        found = reader()
        with pytest.raises(Refused, match="malformed"):
            read(found, line + b"Host: gw.test\r\n\r\n", piece=1)


def reader(**edge: Any) -> RequestReader:
    return RequestReader(EdgeSettings.model_validate(edge), {"type": "http"}, known_heads())


def read(found: RequestReader, data: bytes, *, piece: int = 65_536) -> bytes:
    """Read one request out of `data`; what is left."""
    while data and not found.complete:
        taken = found.feed(data[:piece])
        data = data[taken:]
    return data


CHUNKED = get("/echo", "Transfer-Encoding: chunked", method="POST")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 65_536])
def test_nothing_of_the_next_request_is_taken(piece: int) -> None:
    found = reader()
    chunks = CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX-Trailer: evil\r\n\r\n"
    post = get("/post", "Content-Length: 5", method="POST") + b"GET /"
    rest = get("/first", "X-A: 1") + chunks + post + get("/last") + b"NOT YET READ"
    seen = []
    for _ in range(4):
        rest = read(found, rest, piece=piece)
        assert found.scope is not None
        assert not any(name == b"x-trailer" for name, _ in found.scope["headers"])
        seen.append((found.scope["raw_target"], b"".join(found.take_body())))
        found.reset()
    assert seen == [(b"/first", b""), (b"/echo", b"abc"), (b"/post", b"GET /"), (b"/last", b"")]
    assert rest == b"NOT YET READ"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\x00\xa5" + b"\x00" * 20, "malformed"),
        (b"GET /ok\r\nHost: gw.test\r\n\r\n", "malformed"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed"),
        (b"PRI * HTTP/2.0\r\n\r\n", "malformed"),
        (b"PRI * HTTP/1.1\r\nHost: gw.test\r\n\r\n", "malformed"),
        (b"PRI /ok HTTP/1.1\r\n\r\n", "malformed"),
        (get("/ok", version="2.0"), "http-version"),
        (get("/ok", "Transfer-Encoding: chunked", version="1.0"), "transfer-encoding"),
        (get("/ok", "Transfer-Encoding: chunked", "Content-Length: 3"), "malformed"),
        (get("/ok", "Transfer-Encoding: gzip"), "malformed"),
        (get("/ok", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", "malformed"),
        (get("/ok", "Transfer-Encoding: ,chunked") + b"0\r\n\r\n", "malformed"),
        (get("/ok", "Transfer-Encoding: identity", "Transfer-Encoding: chunked") + b"0\r\n\r\n", "malformed"),
        (get("/ok", "Content-Length: 3", "Content-Length: 4"), "malformed"),
        (get("/ok", "Content-Length: -1"), "malformed"),
        (get("/ok", "Content-Length: 99999999999999999999"), "malformed"),
        (get("/ok", " folded: 1"), "malformed"),
        (get("/ok", "X-A : 1"), "malformed"),
        (get("/ok", "X-A: a\x00b"), "malformed"),
        (b"GET /ok HTTP/1.1\nHost: gw.test\n\n", "malformed"),
        (b"CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test\r\n\r\n", "connect"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "host"),
        (get("/ok", *["X-A: b"] * 100), "head-too-large"),
        (get("/ok", "X-A: " + "b" * 40_000), "head-too-large"),
        (get("/" + "a" * 40_000), "target-too-long"),
        (get("/ok", "Cookie: " + "a" * 40_000), "cookies-too-large"),
        (CHUNKED + b"zz\r\n", "malformed"),
        (CHUNKED + b"-1\r\n", "malformed"),
        (CHUNKED + b"fffffffffffffffff\r\n", "malformed"),
        (CHUNKED + b"1\r\nabc", "malformed"),
        (CHUNKED + b"1;" + b"a" * 70_000 + b"\r\n", "chunk-extensions"),
        (CHUNKED + b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n" * 9_000, "chunk-extensions"),
        (CHUNKED + b"0\r\n" + b"X-Trailer: a\r\n" * 9_000, "chunk-extensions"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [977, 65_536])
def test_what_is_refused(data: bytes, reason: str, piece: int) -> None:
    found = reader()
    with pytest.raises(Refused) as refused:
        read(found, data, piece=piece)
    assert refused.value.reason == reason
    assert not found.complete


@pytest.mark.parametrize("piece", [1, 65_536])
def test_nothing_behind_what_looks_like_http2_is_read(piece: int) -> None:
    found = reader()
    for _ in range(3):  # until its lines are known
        read(found, get("/ok"))
        found.reset()
    with pytest.raises(Refused, match="malformed"):
        read(found, b"PRI /ok HTTP/1.1\r\n\r\n" + get("/ok"), piece=piece)


def test_small_chunks_are_no_attack() -> None:
    found = reader()
    assert read(found, CHUNKED + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n") == b""
    assert found.received == 50_000
