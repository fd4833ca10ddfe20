"""One answer on the wire: its form, its end, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.listening import Application, connect, everything, exchange, get, listening
from tests.upstream.raw_client import converse, parse_answers


def test_http_1_0_gets_no_chunks(gate: Any) -> None:
    seen = exchange(gate, get("/big?2", version="1.0"))
    head, _, body = seen.raw.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head
    assert body == b"x" * 131_072
    assert seen.closed


@pytest.mark.parametrize(("status", "kept"), [(204, []), (304, ["1234"])])
def test_an_answer_without_body_may_say_a_length(gate: Any, status: int, kept: list[str]) -> None:
    with connect(gate[0].port) as sock:
        sock.sendall(get(f"/status?{status},1234") + get("/ok", "Connection: close"))
        raw = everything(sock)
    first, second = raw.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(str(status).encode())
    assert first.endswith(b"\r\n\r\n")
    assert parse_answers(b"HTTP/1.1 " + first)[0].values("content-length") == kept
    assert second.startswith(b"200")


def test_head_has_the_length_and_no_body(gate: Any) -> None:
    seen = exchange(gate, get("/ok", method="HEAD"), heads=(True,))
    assert seen.answers[0].values("content-length") == ["2"]
    assert seen.raw.endswith(b"\r\n\r\n")
    assert not seen.closed


def test_continue_is_said_when_the_body_is_wanted(gate: Any) -> None:
    head = get("/echo", "Expect: 100-continue", "Content-Length: 2", method="POST")
    with connect(gate[0].port) as sock:
        sock.sendall(head)
        assert sock.recv(999) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ab")
        assert sock.recv(999).endswith(b"ab")
    seen = exchange(gate, head.replace(b"/echo", b"/early"))
    assert b"100 Continue" not in seen.raw
    assert [answer.status for answer in seen.answers] == [403]
    assert seen.closed


def test_a_body_is_only_read_as_fast_as_it_is_taken(gate: Any) -> None:
    with connect(gate[0].port) as sock:
        sock.settimeout(0.3)
        sock.sendall(get("/stuck", "Content-Length: 300000000", method="POST"))
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 100_000_000:
                sent += sock.send(b"x" * 1_000_000)


def test_a_fault_of_the_application_is_a_500(gate: Any) -> None:
    seen = exchange(gate, get("/fault"))
    assert [answer.status for answer in seen.answers] == [500]
    assert seen.closed


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}


def head(*lines: tuple[bytes, bytes]) -> dict[str, Any]:
    return {**START, "headers": list(lines)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


class Saying(Application):
    """Sends these messages."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        super().__init__()
        self.messages = messages

    async def say(self, scope: Any, receive: Any, send: Any) -> None:
        for message in self.messages:
            await send(message)


@pytest.mark.parametrize(
    ("messages", "wire"),
    [
        ([head((b"x-a", b"1\r\nset-cookie: evil=1")), body(b"")], b"500"),
        ([head((b"x-a", b"1\n\nevil")), body(b"")], b"500"),
        ([head((b"x-a\r\nset-cookie", b"evil=1")), body(b"")], b"500"),
        ([head((b"x a", b"1")), body(b"")], b"500"),
        ([head((b"x-a", b"\x00")), body(b"")], b"500"),
        ([body(b"ok")], b"500"),
        ([START, START], b"500"),
        ([START, body(b"longer")], b"500"),
        ([START, body(b"o", more=True), body(b"longer")], b"o"),
        ([START, body(b"o")], b"o"),
        ([START, body(b"ok"), body(b"more")], b"ok"),
        ([{"type": "http.response.trailers"}], b"500"),
        ([], b"500"),
    ],
)
def test_what_is_no_answer_is_not_sent_as_one(messages: list[dict[str, Any]], wire: bytes) -> None:
    with listening(Saying(messages)) as (running, _, _refusals):
        raw = converse(running.port, get("/say"), patience=1).raw
    assert b"evil" not in raw
    if wire == b"500":
        assert raw == b"" or raw.startswith((b"HTTP/1.1 500 ", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"))
    else:
        assert raw.endswith(b"\r\n\r\n" + wire)
