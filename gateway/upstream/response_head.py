"""Checks the head of an answer from the register and reads from it how the answer ends (RFC 9112 section 6.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import httptools

HeaderLines = list[tuple[bytes, bytes]]

MAX_HEAD: Final = 131_072
"""Most octets of an answer's head."""

_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
_BAD_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers, in order and with lower-case names. `ends_at_close`: no framing, the body ends with the
    connection. `keep_alive`: the register leaves the connection open for another exchange.
    """

    status: int
    headers: HeaderLines
    keep_alive: bool
    ends_at_close: bool


def read_head(parser: httptools.HttpResponseParser, status: int, headers: HeaderLines) -> ResponseHead:
    """The head that the parser has read. Raises HttpParserError if it is not fit to be passed on."""
    if not 200 <= status <= 599:
        raise httptools.HttpParserError(f"status {status}")
    names = [name for name, _ in headers]
    all_names, all_values = b"".join(names), b"".join([value for _, value in headers])
    if _BAD_NAME.search(all_names) or _BAD_VALUE.search(all_values):
        raise httptools.HttpParserError("forbidden characters in a header")
    if len(all_names) + len(all_values) > MAX_HEAD:
        raise httptools.HttpParserError(f"headers of more than {MAX_HEAD} bytes")
    keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
    return ResponseHead(status, headers, keep_alive, not keep_alive and _FRAMING.isdisjoint(names))
