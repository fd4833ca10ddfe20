"""Facts of HTTP that several areas need, with where RFC 9110 states them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

METHODS: Final[tuple[str, ...]] = get_args(Method)
"""The methods that the gateway accepts, and that a rule can name."""

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that only read (RFC 9110 section 9.2.1)."""

IDEMPOTENT: Final = SAFE | {"PUT", "DELETE"}
"""Methods that can be repeated with the same effect as once (RFC 9110 section 9.2.2)."""

HOP_BY_HOP: Final = frozenset(
    b"connection proxy-connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate".split()
)
"""Header fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1)."""


def header_block(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines as they are sent, each with its line end (RFC 9112 section 5)."""
    return b"".join([b"%b: %b\r\n" % line for line in lines])
