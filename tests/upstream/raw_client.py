"""Sends octets to a port and reads what comes back, as no HTTP library would."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Conversation:
    answers: list[Answer]
    closed: bool
    raw: bytes
    first_byte_after: float


def converse(
    port: int,
    *pieces: bytes,
    expect: int = 1,
    patience: float = 20.0,
    half_close: bool = False,
    heads: tuple[bool, ...] = (),
    pause: float = 0.03,
    look: float = 0.05,
) -> Conversation:
    """Send the pieces one by one and read until `expect` whole answers came, the peer closed, or patience ended.

    `heads` says of each request, in order, whether it is a HEAD; `pause` is between pieces, in seconds, and `look`
    for how long more may come.
    """
    raw = b""
    closed = False
    started = time.monotonic()
    first = 0.0
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(pause)
            try:
                sock.sendall(piece)
            except OSError:
                break
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            answers = parse_answers(raw, heads=heads)
            if (
                len(answers) >= expect
                and all(answer.complete for answer in answers[:expect])
                and not half_close
            ):
                sock.settimeout(look)  # one more look: is it closed, does more come?
                end = min(end, time.monotonic() + look)
            try:
                data = sock.recv(262_144)
            except TimeoutError:
                break
            except OSError:
                closed = True
                break
            if not data:
                closed = True
                break
            first = first or time.monotonic() - started
            raw += data
    return Conversation(parse_answers(raw, heads=heads), closed, raw, first)


def parse_answers(raw: bytes, *, heads: tuple[bool, ...] = ()) -> list[Answer]:
    answers: list[Answer] = []
    while raw.startswith(b"HTTP/1.1 "):
        top, mark, rest = raw.partition(b"\r\n\r\n")
        if not mark:
            break
        lines = top.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        answer = Answer(status, headers)
        raw = rest
        if 100 <= status < 200:
            continue
        answers.append(answer)
        named = dict(headers)
        if status in (204, 304) or heads[len(answers) - 1 : len(answers)] == (True,):
            answer.complete = True
        elif "chunked" in named.get("transfer-encoding", ""):
            raw = _dechunk(answer, raw)
        elif "content-length" in named:
            length = int(named["content-length"])
            answer.body, raw = raw[:length], raw[length:]
            answer.complete = len(answer.body) == length
        else:
            answer.body, raw = raw, b""
            answer.complete = True
    return answers


def _dechunk(answer: Answer, raw: bytes) -> bytes:
    while True:
        size, mark, rest = raw.partition(b"\r\n")
        if not mark:
            return b""
        length = int(size, 16)
        if length == 0:
            answer.complete = True
            return rest.removeprefix(b"\r\n")
        answer.body += rest[:length]
        if len(rest) < length + 2:
            return b""
        raw = rest[length + 2 :]
