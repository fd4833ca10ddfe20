"""Header lines of an answer as they are written, and what they say about its body and the connection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gateway.caching.known_lines import Repeated, parted
from gateway.caching.object_memo import ObjectMemo

_NAME_REFUSED = re.compile(rb'[\x00-\x20\x7f()<>@,;:\\"/\[\]?={}]')
_VALUE_REFUSED = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LOOKED_AT = frozenset((b"content-length", b"transfer-encoding", b"connection", b"strict-transport-security"))
_MOST = 1_024

Lines = Iterable[tuple[bytes, bytes]]


class AnswerLines(NamedTuple):
    """`length` is the Content-Length, if there is one. `closes`: Connection says that the connection ends. `hsts`: the
    lines have an HSTS line (RFC 6797).
    """

    octets: bytes
    length: int | None
    closes: bool
    hsts: bool

    @classmethod
    def of(cls, headers: Lines, *, framed: bool = False) -> AnswerLines:
        """`framed`: no Content-Length may be written, as there is one already or there is no body.

        Lines about transfer codings are left out. Raises RuntimeError for characters that cannot stand in a header.
        """
        headers = tuple(headers)
        if _NAME_REFUSED.search(b"".join([name for name, _ in headers])):
            raise RuntimeError("a header name with characters that cannot stand there")
        if _VALUE_REFUSED.search(b"".join([value for _, value in headers])):
            raise RuntimeError("a header value with characters that cannot stand there")
        length: int | None = None
        closes = hsts = False
        lines: list[bytes] = []
        for line in headers:
            name = line[0]
            if name in _LOOKED_AT:
                value = line[1]
                if name == b"content-length":
                    if framed:
                        continue
                    framed = True
                    length = int(value)
                elif name == b"transfer-encoding":
                    continue
                elif name == b"strict-transport-security":
                    hsts = True
                elif b"close" in value.lower():
                    closes = True
            lines.append(b"%b: %b\r\n" % line)
        return cls(b"".join(lines), length, closes, hsts)

    def and_then(self, others: AnswerLines) -> AnswerLines:
        """These lines and others, which have no Content-Length if these have one."""
        length = self.length if others.length is None else others.length
        octets = self.octets + others.octets
        return AnswerLines(octets, length, self.closes or others.closes, self.hsts or others.hsts)


class KnownAnswerLines:
    """Writes each line once that came before in the answers of one listener."""

    def __init__(self) -> None:
        self._known: ObjectMemo[Repeated, AnswerLines] = ObjectMemo(AnswerLines.of, _MOST)

    def __call__(self, headers: Lines, more: Lines, *, framed: bool) -> AnswerLines:
        """These lines and `more`; see `AnswerLines.of`."""
        repeated, passing = parted(headers)
        if repeated is None or framed:
            return AnswerLines.of((*headers, *more), framed=framed)
        known = self._known(repeated)
        return known.and_then(AnswerLines.of((*passing, *more), framed=known.length is not None))
