"""Readers of HTTP/1.1 that forgive nothing (RFC 9112), written without a look at the gateway's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
# The reason goes no further: its octets do not matter. Some servers call HTTP/1.0 by another name.
_STATUS_LINE = re.compile(rb"(?:HTTP/1\.([01])|RTSP/1\.0|ICE/1\.0) ([0-9]{3})(?: [^\r\n]*)?")
_NOT_IN_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)(?:;[\t\x20-\x7e\x80-\xff]*)?")
_LARGEST = 1 << 64
# What the gateway takes of a register.
MOST_INTERIM, LARGEST_HEAD = 32, 131_072

Fields = list[tuple[bytes, bytes]]
End = Literal["open", "closed", "reset"]
"""What followed the last octet: nothing yet, an orderly end, or a reset."""


class Malformed(Exception):
    """No HTTP."""


class Incomplete(Exception):
    """May become HTTP."""


@dataclass(frozen=True)
class Request:
    """A request; `end` is where in the octets it ended."""

    method: bytes
    target: bytes
    version: bytes
    fields: Fields
    body: bytes
    end: int


@dataclass(frozen=True)
class Answer:
    status: int
    fields: Fields
    body: bytes
    complete: bool

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    @property
    def closes(self) -> bool:
        return b"close" in b",".join(self.values(b"connection")).lower()


@dataclass(frozen=True)
class Requests:
    """The whole requests of a connection, and the one after them whose head alone is whole."""

    whole: list[Request]
    begun: Request | None
    why: str


def requests(data: bytes) -> Requests:
    """Read requests until one is not whole or no request."""
    whole: list[Request] = []
    begun: Request | None = None
    at = 0
    try:
        while True:
            at = _skip_empty_lines(data, at)
            head, fields, at = _head(data, at)
            match = _REQUEST_LINE.fullmatch(head)
            if match is None:
                raise Malformed(head)
            method, target, minor = match.groups()
            begun = Request(method, target, minor, fields, b"", at)
            body, at = _request_body(data, at, fields, minor)
            whole.append(Request(method, target, minor, fields, body, at))
            begun = None
    except (Malformed, Incomplete) as problem:
        return Requests(whole, begun, type(problem).__name__)


def answers(data: bytes, methods: Sequence[bytes], end: End) -> list[Answer]:
    """Read the answers to requests of these methods. Raises Malformed; the last answer may be incomplete."""
    found: list[Answer] = []
    at = 0
    for method in methods:
        if at == len(data):
            break
        try:
            answer, at = _answer(data, at, method, end)
        except Incomplete:
            if end == "open" or data[at:].strip() == b"":
                raise Malformed("an unfinished head") from None
            found.append(Answer(0, [], b"", False))
            return found
        found.append(answer)
        if not answer.complete:
            return found
    if at != len(data):
        raise Malformed(f"octets that belong to no answer: {data[at : at + 40]!r}")
    return found


def one_answer(data: bytes, method: bytes, end: End) -> tuple[Answer, int]:
    """The first answer and where it ended. Raises Malformed, or Incomplete for an unfinished head."""
    return _answer(data, 0, method, end)


def _answer(data: bytes, at: int, method: bytes, end: End) -> tuple[Answer, int]:
    for _ in range(MOST_INTERIM + 1):
        begun = at
        line, fields, at = _head(data, _skip_empty_lines(data, at), blanks=True)
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise Malformed(line)
        status = int(match[2])
        if status == 101 or not 100 <= status <= 599:
            raise Malformed(f"status {status}")
        if at - begun > LARGEST_HEAD:
            raise Malformed("a head that nobody takes")
        if status >= 200:
            break
    else:
        raise Malformed("interim answers without end")
    coding, length = _framing(fields, b"1")
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in fields):
        raise Malformed("a coding that was not asked for")
    if (
        method == b"HEAD"
        and status >= 400
        and length == len(data) - at
        and (b"connection", b"close") in fields
    ):
        # The listener refuses heads without a look at their method; after its answer the connection ends.
        return Answer(status, fields, data[at:], True), len(data)
    if method == b"HEAD" or status in (204, 304):
        return Answer(status, fields, b"", True), at
    try:
        if coding:
            body, at = _chunked(data, at)
        elif length is not None:
            if len(data) - at < length:
                raise Incomplete(data[at:])
            body, at = data[at : at + length], at + length
        else:
            return Answer(status, fields, data[at:], end == "closed"), len(data)
    except Incomplete as cut:
        return Answer(status, fields, cut.args[0], False), len(data)
    return Answer(status, fields, body, True), at


def _skip_empty_lines(data: bytes, at: int) -> int:
    """RFC 9112 section 2.2. Between two requests, line ends of all kinds mean nothing to anybody."""
    while data[at : at + 1] in (b"\r", b"\n"):
        at += 1
    return at


def _head(data: bytes, at: int, *, blanks: bool = False) -> tuple[bytes, Fields, int]:
    """(first line, fields, where it ends). `blanks`: a proxy takes them away before a colon in answers (RFC 9112 5.1)."""
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise Incomplete(b"")
    first, *lines = data[at:end].split(b"\r\n")
    return first, [_field(line, blanks) for line in lines], end + 4


def _field(line: bytes, blanks: bool = False) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if blanks:
        name = name.rstrip(b" \t")
    if not colon or not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
        raise Malformed(line)
    return name.lower(), value.strip(b" \t")


def _framing(fields: Fields, minor: bytes) -> tuple[bool, int | None]:
    """(chunked, length). Raises Malformed where two readers could see two ends."""
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    lengths = [value for name, value in fields if name == b"content-length"]
    if codings:
        names = [name.strip(b" \t").lower() for name in b",".join(codings).split(b",")]
        if (
            lengths
            or len(codings) > 1
            or minor == b"0"
            or names[-1] != b"chunked"
            or names.count(b"chunked") != 1
        ):
            raise Malformed("framing")
        return True, None
    if not lengths:
        return False, None
    if len(lengths) > 1 or not lengths[0].isdigit() or int(lengths[0][:20]) > _LARGEST:
        raise Malformed("framing")
    return False, int(lengths[0])


def _request_body(data: bytes, at: int, fields: Fields, minor: bytes) -> tuple[bytes, int]:
    chunked, length = _framing(fields, minor)
    if chunked:
        return _chunked(data, at)
    if len(data) - at < (length or 0):
        raise Incomplete(data[at:])
    return data[at : at + (length or 0)], at + (length or 0)


def _chunked(data: bytes, at: int) -> tuple[bytes, int]:
    body = b""
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            if re.search(rb"[\n\x00]", data[at:]):
                raise Malformed(data[at:])
            raise Incomplete(body)
        match = _CHUNK.fullmatch(data[at:end])
        if match is None or len(match[1]) > 15:
            raise Malformed(data[at:end])
        size, at = int(match[1], 16), end + 2
        if size == 0:
            return body, _trailers(data, at, body)
        part = data[at : at + size]
        body += part
        at += size
        if len(part) < size or data[at : at + 2] in (b"", b"\r"):
            raise Incomplete(body)
        if data[at : at + 2] != b"\r\n":
            raise Malformed(data[at : at + 2])
        at += 2


def _trailers(data: bytes, at: int, body: bytes) -> int:
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            raise Incomplete(body)
        if end == at:
            return at + 2
        if _field(data[at:end])[0] in (b"content-length", b"transfer-encoding"):
            raise Malformed(data[at:end])
        at = end + 2
