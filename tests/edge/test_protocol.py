"""The listener's protocol over real sockets: what is answered, in which form, and what follows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from gateway.edge import protocol, turns
from gateway.edge.dialogue import Dialogue
from gateway.edge.protocol import GatewayProtocol
from gateway.edge.turns import Turns
from tests.edge.listening import Application, connect, everything, get, listening
from tests.upstream.raw_client import converse
from tests.waiting import until


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


@pytest.mark.parametrize(("long", "pieces"), [(0.0, 16_384), (1_000.0, 65_536)])
def test_after_a_piece_of_a_body_that_takes_long_others_come_first(
    monkeypatch: pytest.MonkeyPatch, long: float, pieces: int
) -> None:
    sizes: list[int] = []
    waits: list[int] = []
    updated, wait = GatewayProtocol.buffer_updated, Turns.wait

    def noting_size(self: GatewayProtocol, nbytes: int) -> None:
        sizes.append(nbytes)
        updated(self, nbytes)

    def noting_wait(self: Turns, *given: Any, **options: Any) -> None:
        waits.append(len(sizes))
        wait(self, *given, **options)

    monkeypatch.setattr(protocol, "_LONG", long)
    monkeypatch.setattr(turns, "_A_ROUND", long)
    monkeypatch.setattr(GatewayProtocol, "buffer_updated", noting_size)
    monkeypatch.setattr(Turns, "wait", noting_wait)
    chunks = b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"
    with listening() as (running, _, _):
        head = get("/echo", "Transfer-Encoding: chunked", method="POST")
        seen = converse(running.port, head + chunks, get("/ok"), expect=2)
    assert [len(answer.body) for answer in seen.answers] == [100_000, 2]
    assert max(sizes[2:]) <= pieces
    # One wait for each piece, but those with the head, the end and the next request.
    assert len(waits) <= 1 if long else len(waits) >= len(sizes) - 4


class Counts:
    """What is read, and waits for its turn, while others wait all the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pieces: list[int] = []
        self.slices: list[int] = []
        self.waits = 0
        updated, receive, wait = GatewayProtocol.buffer_updated, Dialogue.receive, Turns.wait

        def noting_piece(protocol: GatewayProtocol, nbytes: int) -> None:
            self.pieces.append(nbytes)
            updated(protocol, nbytes)

        def noting_slice(dialogue: Dialogue, data: bytes) -> None:
            self.slices.append(len(data))
            receive(dialogue, data)

        def noting_wait(turns: Turns, *given: Any) -> None:
            self.waits += 1
            wait(turns, *given)

        monkeypatch.setattr(GatewayProtocol, "buffer_updated", noting_piece)
        monkeypatch.setattr(Dialogue, "receive", noting_slice)
        monkeypatch.setattr(Turns, "wait", noting_wait)
        monkeypatch.setattr(Turns, "contended", True)
        monkeypatch.setattr(Turns, "has_time", lambda _turns, _now: False)


@pytest.mark.parametrize("long", [0.0, 1_000.0])
def test_while_others_wait_each_piece_of_a_body_waits_for_its_turn(
    monkeypatch: pytest.MonkeyPatch, long: float
) -> None:
    monkeypatch.setattr(protocol, "_LONG", long)
    counts = Counts(monkeypatch)
    head = get("/echo", "Transfer-Encoding: chunked", method="POST")
    chunks = b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"
    with listening() as (running, _, _):
        seen = converse(running.port, head + chunks, get("/ok"), expect=2)
    assert [len(answer.body) for answer in seen.answers] == [100_000, 2]
    assert max(counts.pieces) <= 16_384
    # All but the first and the last, which have a head. Where they take long, each slice has a turn of its own.
    turns = counts.slices if long == 0.0 else counts.pieces
    assert len(turns) - 4 <= counts.waits <= len(turns)
    assert max(counts.slices[1:]) <= 4_096


def test_while_others_wait_what_is_thrown_away_is_read_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts(monkeypatch)
    size = 20_000_000
    with listening() as (running, _, _), connect(running.port) as sock:
        sock.sendall(get("/early", f"Content-Length: {size}", method="POST"))
        assert sock.recv(4096).startswith(b"HTTP/1.1 403 ")
        with suppress(OSError):
            sock.sendall(b"a" * size)
    # Each time that something was read: it is dropped without a word, and read on in turn.
    assert len(counts.pieces) > size / 65_536 / 2
    assert counts.waits >= len(counts.pieces) - 2


def test_a_stop_lets_the_request_at_work_end() -> None:
    with listening() as (running, app, _), connect(running.port) as sock, connect(running.port) as idle:
        idle.sendall(get())
        assert idle.recv(999).endswith(b"ok")
        sock.sendall(get("/slow"))
        assert until(lambda: app.at_work == 1)
        running.server.should_exit = True
        assert idle.recv(999) == b""
        raw = everything(sock)
        assert raw.endswith(b"late")
        assert b"connection: close" in raw
