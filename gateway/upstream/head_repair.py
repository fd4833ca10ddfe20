"""Takes away white space that the parser stumbles over: before the colon of a field, as a proxy must in responses (RFC 9112
section 5.1), and a tab behind a transfer coding (section 5).
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_BLANK: Final = re.compile(rb"(?m)^(" + _NAME + rb")[ \t]+(?=:)")
_BEHIND_CODING: Final = re.compile(rb"(?mi)^(transfer-encoding:[^\r\n]*[^ \t\r\n])[ \t]+(?=\r?$)")
_LINE_END: Final = (b"\r", b"\n")
_UNFINISHED: Final = re.compile(rb"\n" + _NAME + rb"([ \t]+)\Z")
# What follows a 101 is not a head.
_INTERIM: Final = re.compile(rb"HTTP/\d\.\d 1(?!01)")


def without_blanks(octets: bytes) -> tuple[bytes, bool]:
    """The octets of a response, and of interim responses before it, without blanks before colons and behind transfer codings
    in their heads.

    True beside it if the octets end with such a blank, and the colon may still follow; the blank is taken away too.
    """
    end = _place_of_head(octets)[1]
    if end >= 0:
        return _without(octets[:end]) + octets[end:], False
    unfinished = _UNFINISHED.search(octets) if octets.endswith((b" ", b"\t")) else None
    return _without(octets[: unfinished.start(1)] if unfinished else octets), unfinished is not None


def _without(head: bytes) -> bytes:
    return _BEHIND_CODING.sub(rb"\1", _BLANK.sub(rb"\1", head))


def size_of_head(octets: bytes) -> int:
    """Octets of a response's head, without those of interim responses before it; 0 if it is not complete."""
    start, end = _place_of_head(octets)
    return end - start if end >= 0 else 0


def _place_of_head(octets: bytes) -> tuple[int, int]:
    start = 0
    while True:
        # Empty lines before a response mean nothing (RFC 9112 section 2.2).
        while octets[start : start + 1] in _LINE_END:
            start += 1
        end = octets.find(b"\r\n\r\n", start)
        if end < 0 or not _INTERIM.match(octets, start):
            return start, end
        start = end + 4
