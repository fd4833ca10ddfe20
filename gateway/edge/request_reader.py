"""Reads the octets of one connection as requests, one at a time, within limits (RFC 9112).

The parser gets each head and each body by itself, so that nothing of a second request is read before it is wanted.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Any

import httptools

from gateway.caching.known_lines import KnownLines, RepeatedLines, VariedLines
from gateway.edge.refusals import Refused, too_large
from gateway.edge.settings import EdgeSettings
from gateway.http_semantics import HeaderLine

# The parser would take what follows a request with an Upgrade for another protocol. The name is replaced by one of the
# same length, which no client knows, until it is read.
_UPGRADE = b"upgrade"
# Looks at the beginnings of lines only: a look at each octet of a long line takes long.
_UPGRADE_LINE = re.compile(rb"\n(?i:upgrade):")
_STAND_IN = f"x{token_hex(3)}".encode()
_STAND_IN_LINE = b"\n%b:" % _STAND_IN
# The request line of a head whose lines can be known from before; the parser checks what else a target may have.
_PLAIN_LINE = re.compile(rb"(GET|HEAD) (/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*) HTTP/1\.1")
_LINE_END = b"\r\n"
_END = _LINE_END * 2
_VERSION_SIZE = len(" HTTP/1.1")
# What the size line of a chunk and its line end may take on average, beside the limit for headers.
_CHUNK_LINE = 64
_NOTED = frozenset((_STAND_IN, b"expect", b"content-length", b"transfer-encoding"))


class RequestReader:
    """The request that a connection is receiving. `reset()` makes it ready for the next one."""

    def __init__(self, limits: EdgeSettings, base: dict[str, Any], heads: KnownLines) -> None:
        """`base` has the parts of an ASGI scope that are the same for the whole connection."""
        self._limits = limits
        self._heads = heads
        self._base = base
        self._parser: Any = httptools.HttpRequestParser(self)
        self.body: list[bytes] = []
        """Parts of the body that were not taken yet."""
        self.received = 0
        """Octets of the body so far."""
        self.has_body = False
        self.keep_alive = False
        self.expects_continue = False
        self.asks_upgrade = False
        """Whether there is an Upgrade header."""
        self._head: bytes | bytearray = b""
        self._held = b""
        self._left = 0
        self._tail = b""
        self._wire = 0
        self._chunks = 0
        self._problem = ""
        self.reset()

    def reset(self) -> None:
        """Forget the request; the next octets begin another."""
        self.scope: dict[str, Any] | None = None
        """The ASGI scope, from the end of the head on."""
        self.begun = False
        self.complete = False
        """Whether the whole request was read."""
        self._url = b""
        self._headers: list[HeaderLine] = []
        self._noted: dict[bytes, bytes] = {}
        self.asks_upgrade = False
        if self.has_body:
            self.has_body = False
            self.received = self._wire = self._chunks = 0
            self._tail = b""

    def close(self) -> None:
        """Let go of the parser."""
        self._parser = None

    def feed(self, data: bytes) -> int:
        """Read from `data` up to the end of this head or of a part of this body; how many octets that was.

        Raises Refused for anything that is not a request, or is beyond the limits. Not to be called once `complete`.
        """
        if self.scope is None:
            return self._feed_head(data)
        if self._left:
            taken = min(len(data), self._left)
            self._left -= taken
            self._parse(data if taken == len(data) else data[:taken])
            return taken
        return self._feed_chunks(data)

    def head(self, data: bytes) -> bytes:
        """What arrived of the head, for a request that is refused while `data` is read."""
        if self.scope is None:
            return bytes(self._head) or data
        line = b"%b %b\r\n" % (self.scope["method"].encode("ascii"), self.scope["raw_target"])
        return line + b"".join(b"%b: %b\r\n" % pair for pair in self.scope["headers"])

    def take_body(self) -> list[bytes]:
        """The parts of the body that came since the last call."""
        body, self.body = self.body, []
        return body

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise Refused(self._problem or "malformed") from None

    def _feed_head(self, data: bytes) -> int:
        if data[0] < 32 and not self._head:
            # Empty lines before a request mean nothing (RFC 9112 2.2), and together cost as much as one.
            rest = data.lstrip(_LINE_END)
            blank = len(data) - len(rest)
            if blank:
                return blank + (self._feed_head(rest) if rest else 0)
        before = len(self._held)
        if before:
            data, self._held = self._held + data, b""
        end = _end_of(self._head[-3:], data)
        if not end or self._head:
            return self._feed_part_of_head(data, end) - before
        if end > self._limits.max_header_bytes:
            raise too_large(data[:end])
        head = data if end == len(data) else data[:end]
        line_end = head.index(b"\r\n")
        line = _PLAIN_LINE.fullmatch(head, 0, line_end)
        if line is None:
            self._parse_head(head)
            self._check_whole(head)
            return end
        block = head[line_end:]
        known = self._heads.get(block, self._limits.max_headers)
        if known is not None:
            self._repeat(line, known)
            return end
        self._parse_head(head)
        if self.complete and self.keep_alive and not self.asks_upgrade:
            self._heads.learn(block, self._headers)
        return end

    def _parse_head(self, head: bytes) -> None:
        self._parse(_UPGRADE_LINE.sub(_STAND_IN_LINE, head))

    def _repeat(self, line: re.Match[bytes], headers: RepeatedLines | VariedLines) -> None:
        """A request without a body whose header lines the parser has read before."""
        self.begun = self.complete = self.keep_alive = True
        self.expects_continue = False
        self._make_scope("1.1", line[1].decode("ascii"), line[2], headers)

    def _feed_part_of_head(self, data: bytes, end: int) -> int:
        piece = data[:end] if end else data
        taken = len(piece)
        at_line_start = self._head.endswith(b"\n")
        if not end:
            # A field name that may become Upgrade waits until it is known.
            cut = piece.rfind(b"\n") + 1
            if (cut or at_line_start) and _UPGRADE.startswith(piece[cut:].lower()):
                piece, self._held = piece[:cut], piece[cut:]
        self._head = self._head or bytearray()
        self._head += piece
        if len(self._head) + len(self._held) > self._limits.max_header_bytes:
            raise too_large(self._head)
        head = self._head
        if piece:
            if at_line_start and piece[: len(_UPGRADE) + 1].lower() == b"upgrade:":
                piece = _STAND_IN + piece[len(_UPGRADE) :]
            self._parse(_UPGRADE_LINE.sub(_STAND_IN_LINE, piece))
        if end or self.scope is not None:
            self._check_whole(head)
        return taken

    def _check_whole(self, head: bytes | bytearray) -> None:
        """The parser takes several spaces for one, and RTSP for HTTP; a whole head has neither (RFC 9112 3).

        Behind the method PRI, with which HTTP/2 begins, it waits for more than a head has.
        """
        if self.scope is None:
            raise Refused("malformed")
        end = head.find(_LINE_END)
        if not head.startswith(b" HTTP/", end - _VERSION_SIZE) or head.count(b" ", 0, end) != 2:
            raise Refused("malformed")

    def _feed_chunks(self, data: bytes) -> int:
        end = _end_of(self._tail, data)
        piece = data[:end] if end else data
        self._tail = (self._tail + piece[-3:])[-3:]
        self._wire += len(piece)
        self._parse(piece)
        # Extensions of chunks are read and thrown away by the parser, whatever their length (RFC 9112 7.1.1).
        allowed = self._limits.max_header_bytes + _CHUNK_LINE * self._chunks
        if self._wire - self.received > allowed:
            raise Refused("chunk-extensions")
        return len(piece)

    # Callbacks of the parser

    def _fail(self, reason: str) -> None:
        self._problem = reason
        raise httptools.HttpParserError(reason)

    def on_message_begin(self) -> None:
        self.begun = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.scope is not None:
            return  # a trailer: never a header (RFC 9110 6.5.1)
        name = name.lower()
        if name in _NOTED:
            if name == _STAND_IN:
                self.asks_upgrade = True
                name = b"upgrade"
            value = value.rstrip(b" \t")  # the parser leaves white space at the end (RFC 9112 5.1)
            self._noted[name] = b"%b, %b" % (self._noted[name], value) if name in self._noted else value
        self._headers.append((name, value))
        if len(self._headers) > self._limits.max_headers:
            self._fail("head-too-large")

    def on_headers_complete(self) -> None:
        parser, noted = self._parser, self._noted
        version = parser.get_http_version()
        if version != "1.1" and version != "1.0":  # noqa: PLR1714 - the hot path
            self._fail("malformed" if version == "0.9" else "http-version")
        method = parser.get_method().decode("ascii")
        if parser.should_upgrade():
            self._fail("connect" if method == "CONNECT" else "protocol-change")
        if b"transfer-encoding" in noted:
            if version == "1.0":
                self._fail("transfer-encoding")
            # The parser also takes other codings before it: servers differ in where such a request ends.
            if noted[b"transfer-encoding"].lower() != b"chunked":
                self._fail("malformed")
            self.has_body = True
        elif b"content-length" in noted:
            self._left = int(noted[b"content-length"])
            self.has_body = self._left > 0
        self._head = b""
        modern = version == "1.1"
        self.keep_alive = modern and parser.should_keep_alive()
        self.expects_continue = (
            modern and self.has_body and noted.get(b"expect", b"").lower() == b"100-continue"
        )
        target = self._url
        if target == b"*" and modern and [name for name, _ in self._headers].count(b"host") != 1:
            self._fail("host")
        self._make_scope(version, method, target, self._headers)

    def _make_scope(
        self,
        version: str,
        method: str,
        target: bytes,
        headers: list[HeaderLine] | RepeatedLines | VariedLines,
    ) -> None:
        path, _, query = target.partition(b"?")
        self.scope = {
            **self._base,
            "http_version": version,
            "method": method,
            "raw_target": target,
            "raw_path": path,
            "path": path.decode("latin-1"),
            "query_string": query,
            "headers": headers,
        }

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, body: bytes) -> None:
        self.received += len(body)
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


def _end_of(before: bytes | bytearray, data: bytes) -> int:
    """Where in `data` an empty line ends, of which a part may have come `before`; 0 for nowhere."""
    if before:
        for count in (3, 2, 1):
            if before.endswith(_END[:count]) and data.startswith(_END[count:]):
                return 4 - count
    return data.find(_END) + 4 if _END in data else 0
