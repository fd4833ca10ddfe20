"""The listener's protocol over real sockets: what is answered, in which form, and what follows."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.edge.refusals import Refusals
from tests.edge.listening import Application, connect, everything, get, listening
from tests.running import Running
from tests.upstream.raw_client import converse, parse_answers


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Running, Application, Refusals]]:
    with listening() as running:
        yield running


def exchange(gate: tuple[Running, Any, Refusals], *pieces: bytes, **more: Any) -> Any:
    return converse(gate[0].port, *pieces, **more)


def test_requests_on_one_connection_are_answered_in_order(gate: Any) -> None:
    body = get("/echo", "Content-Length: 3", method="POST") + b"abc"
    seen = exchange(gate, get("/ok") + body + get("/headers", "X-A: b"), expect=3)
    assert [answer.body for answer in seen.answers] == [b"ok", b"abc", b"host=gw.test\nx-a=b"]
    assert not seen.closed


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


def test_an_upgrade_is_ignored_however_it_arrives(gate: Any) -> None:
    head = get("/headers", "X-A: 1", "Upgrade: websocket", "Connection: Upgrade", "X-B: upgrade: no")
    pieces = [bytes([octet]) for octet in head]
    for parts in ([head], pieces):
        seen = exchange(gate, *parts)
        assert seen.answers[0].status == 200
        assert seen.answers[0].body == b"host=gw.test\nx-a=1\nconnection=Upgrade\nx-b=upgrade: no"


def test_requests_before_a_malformed_one_are_answered_first(gate: Any) -> None:
    seen = exchange(gate, get("/slow") + get("/ok") + b"BAD\0\r\n\r\n" + get("/ok"), expect=3)
    assert [answer.status for answer in seen.answers] == [200, 200, 400]
    assert [answer.body for answer in seen.answers[:2]] == [b"late", b"ok"]
    assert seen.closed


def test_http_1_0_gets_no_chunks(gate: Any) -> None:
    seen = exchange(gate, get("/big?2", version="1.0"))
    head, _, body = seen.raw.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head
    assert body == b"x" * 131_072
    assert seen.closed


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
        (b"CONNECT gw.test:443 HTTP/1.1", 405),
        (b"CONNECT /ok HTTP/1.1", 405),
    ],
)
def test_what_else_a_request_line_may_say_is_refused(gate: Any, request_line: bytes, status: int) -> None:
    seen = exchange(gate, request_line + b"\r\nHost: gw.test\r\n\r\n" + get("/ok"), expect=2)
    assert [answer.status for answer in seen.answers] == [status]
    assert bool(seen.answers[0].values("allow")) is (status == 405)
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


def test_options_of_the_server_itself_is_answered_here(gate: Any) -> None:
    before = len(gate[1].asked)
    seen = exchange(gate, get("*", method="OPTIONS") + get("/ok"), expect=2)
    assert [answer.status for answer in seen.answers] == [204, 200]
    assert "GET" in seen.answers[0].values("allow")[0]
    assert len(gate[1].asked) == before + 1
    assert exchange(gate, b"OPTIONS * HTTP/1.1\r\n\r\n").answers[0].status == 400


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


def until(condition: Any, patience: float = 3.0) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("path", ["/hang", "/big?100000"])
def test_the_application_hears_that_a_client_left(path: str) -> None:
    with listening() as (running, app, _):
        sock = connect(running.port)
        sock.sendall(get(path))
        assert until(lambda: app.at_work == 1)
        sock.close()
        assert until(lambda: app.at_work == 0)


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


def test_an_early_answer_arrives_although_the_client_goes_on_sending(gate: Any) -> None:
    with connect(gate[0].port) as sock:
        sock.sendall(get("/early", "Content-Length: 3000000", method="POST"))
        time.sleep(0.05)
        for _ in range(30):
            sock.sendall(b"x" * 100_000)
        raw = everything(sock)
    assert raw.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in raw


def test_a_body_is_only_read_as_fast_as_it_is_taken(gate: Any) -> None:
    with connect(gate[0].port) as sock:
        sock.settimeout(0.3)
        sock.sendall(get("/stuck", "Content-Length: 300000000", method="POST"))
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 100_000_000:
                sent += sock.send(b"x" * 1_000_000)


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


def test_a_fault_of_the_application_is_a_500(gate: Any) -> None:
    seen = exchange(gate, get("/fault"))
    assert [answer.status for answer in seen.answers] == [500]
    assert seen.closed


def test_an_idle_connection_is_closed_in_time() -> None:
    with listening(keep_alive="200ms") as (running, _, _refusals), connect(running.port) as sock:
        sock.sendall(get())
        started = time.monotonic()
        assert everything(sock).endswith(b"ok")
        assert 0.1 < time.monotonic() - started < 1


def test_https_is_told_to_browsers_once() -> None:
    with listening(public_url="https://gw.test") as (running, _, _refusals):
        for request in (get("/ok"), b"BAD\r\n\r\n", get("/fault")):
            seen = converse(running.port, request)
            assert seen.answers[0].values("strict-transport-security") == ["max-age=31536000"]
        seen = converse(running.port, get("/hsts"))
        assert seen.answers[0].values("strict-transport-security") == ["max-age=1"]
    with listening(public_url="https://gw.test", hsts=None) as (running, _, _refusals):
        assert converse(running.port, get()).answers[0].values("strict-transport-security") == []
    with listening(public_url="http://gw.test") as (running, _, _refusals):
        assert converse(running.port, get()).answers[0].values("strict-transport-security") == []


class Prompt(Application):
    """Takes /ok at once, and nothing else."""

    def prompt(self, scope: Any, cycle: Any) -> bool:
        if scope["raw_target"] != b"/ok":
            return False
        cycle.answer(200, [(b"content-length", b"6")], b"prompt")
        return True


def test_an_application_may_answer_promptly() -> None:
    with listening(Prompt()) as (running, app, _):
        post = get("/ok", "Content-Length: 2", method="POST") + b"ab"
        seen = converse(running.port, get("/ok") * 20 + get("/headers") + get("/ok") + post, expect=23)
        bodies = [answer.body for answer in seen.answers]
        assert bodies == [b"prompt"] * 20 + [b"host=gw.test", b"prompt", b"ok"]
        assert app.asked == ["/headers", "/ok"]


def test_a_stop_lets_the_request_at_work_end() -> None:
    with listening() as (running, _, _refusals), connect(running.port) as sock, connect(running.port) as idle:
        idle.sendall(get())
        assert idle.recv(999).endswith(b"ok")
        sock.sendall(get("/slow"))
        time.sleep(0.2)
        running.server.should_exit = True
        assert idle.recv(999) == b""
        raw = everything(sock)
        assert raw.endswith(b"late")
        assert b"connection: close" in raw
