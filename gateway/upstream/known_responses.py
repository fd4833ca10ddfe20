"""Remembers heads of responses that came before: most responses of a register have the same header lines but a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.caching.known_lines import KnownLines
from gateway.http_semantics import BODILESS, HeaderLine
from gateway.upstream.response_head import MAX_HEAD

PASSING: Final = (b"date", b"content-length", b"etag", b"last-modified", b"x-request-id")
"""Names of lines that often differ from one response to the next and say nothing about the connection."""

_VERSION: Final = b"HTTP/1.1 "
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length"
_DIGITS: Final = 15
# After this many heads in a row that were not known,
_MANY: Final = 64
# only one in this many is looked at.
_FEW: Final = 16
_MOST_OCTETS: Final = 4 << 20
# The first is for one person; a response with the second has no length before its end.
_NOT_KEPT: Final = frozenset((b"set-cookie", b"transfer-encoding"))


class KnownResponse(NamedTuple):
    """A whole response, after which the connection stays open. `bodiless`: a body was never to follow this head."""

    status: int
    headers: Sequence[HeaderLine]
    body: bytes
    bodiless: bool


class KnownResponses:
    """The heads that one server's responses to requests other than HEAD had."""

    def __init__(self) -> None:
        self._lines = KnownLines(PASSING, _MOST_OCTETS)
        self._unknown = 0
        self._learns = True
        """Whether the head that was looked at last may be learnt."""

    def __len__(self) -> int:
        """How many heads are known."""
        return len(self._lines)

    def read(self, data: bytes) -> KnownResponse | None:
        """The response that these octets are, if they are one whole response with a head that is known, and nothing else."""
        # Where each head has a line of its own, a nonce for instance, few are worth a look.
        looks = self._unknown < _MANY or not self._unknown % _FEW
        end = data.find(_END) + len(_END)
        lines = self._lines.get(data[:end]) if looks and end <= MAX_HEAD else None
        self._learns = looks and lines is None
        if lines is None:
            self._unknown += 1
            return None
        self._unknown = 0
        # A parser has read these octets before, except the passing lines; of those the length matters.
        lengths = [value for name, value in lines if name == _LENGTH]
        if len(lengths) > 1 or any(not value.isdigit() or len(value) > _DIGITS for value in lengths):
            return None
        status, size = int(data[len(_VERSION) : len(_VERSION) + 3]), len(data) - end
        if status in BODILESS:
            return None if size else KnownResponse(status, lines, b"", True)
        return (
            KnownResponse(status, lines, data[end:], False) if lengths and int(lengths[0]) == size else None
        )

    def learn(self, data: bytes, headers: Sequence[HeaderLine]) -> None:
        """Remember the head at the beginning of `data`, if `read` did not know it: a parser has read these headers of it, all in
        one piece, and found that the connection stays open.
        """
        if not self._learns:
            return
        head = data[: data.find(_END) + len(_END)]
        if (
            head.startswith(_VERSION)
            and head.count(b"\n") == len(headers) + 2  # no line of another kind, which the parser forgives
            and _NOT_KEPT.isdisjoint([name for name, _ in headers])
        ):
            self._lines.learn(head, headers)
