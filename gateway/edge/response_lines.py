"""Header lines of a response as they are written, and what they say about its body and the connection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted
from gateway.caching.object_memo import ObjectMemo
from gateway.http_semantics import HeaderLine

# RFC 9110 sections 5.1 and 5.5; octets above 0x7F stand in values of old servers.
_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z\x80-\xff-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*")
_LOOKED_AT = frozenset((b"content-length", b"transfer-encoding", b"connection", b"strict-transport-security"))
_MOST = 512


class ResponseLines(NamedTuple):
    """`length` is the Content-Length, if there is one. `closes`: Connection says that the connection ends. `hsts`: the
    lines have an HSTS line (RFC 6797).
    """

    octets: bytes
    length: int | None
    closes: bool
    hsts: bool

    @classmethod
    def of(cls, headers: Iterable[HeaderLine], *, no_length: bool = False) -> ResponseLines:
        """`no_length`: no Content-Length may be written (any more), as there is one already or there is no body.

        Lines about transfer codings are left out. Raises RuntimeError for characters that cannot stand in a header.
        """
        length: int | None = None
        closes = hsts = False
        lines: list[bytes] = []
        for line in headers:
            name = line[0]
            if name in _LOOKED_AT:
                value = line[1]
                if name == b"content-length":
                    if no_length:
                        continue
                    no_length = True
                    length = int(value)
                elif name == b"transfer-encoding":
                    continue
                elif name == b"strict-transport-security":
                    hsts = True
                elif b"close" in value.lower():
                    closes = True
            if b":" in name:
                raise RuntimeError("a header name with a colon")
            lines.append(b"%b: %b\r\n" % line)
        octets = b"".join(lines)
        if octets.count(b"\n") != len(lines) or _LINES.fullmatch(octets) is None:
            raise RuntimeError("a header with characters that cannot stand there")
        return cls(octets, length, closes, hsts)

    def and_then(self, others: ResponseLines) -> ResponseLines:
        """These lines and others, which have no Content-Length if these have one."""
        length = self.length if others.length is None else others.length
        octets = self.octets + others.octets
        return ResponseLines(octets, length, self.closes or others.closes, self.hsts or others.hsts)


class KnownResponseLines:
    """Writes each line once that came before in the responses of one listener."""

    def __init__(self) -> None:
        self._known: ObjectMemo[RepeatedLines, ResponseLines] = ObjectMemo(ResponseLines.of, _MOST)

    def __call__(
        self, headers: Iterable[HeaderLine], more: Iterable[HeaderLine], *, no_length: bool
    ) -> ResponseLines:
        """These lines and `more`; see `ResponseLines.of`."""
        repeated, passing = parted(headers)
        if repeated is None or no_length:
            return ResponseLines.of((*headers, *more), no_length=no_length)
        known = self._known(repeated)
        return known.and_then(ResponseLines.of((*passing, *more), no_length=known.length is not None))
