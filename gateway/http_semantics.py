"""Facts of HTTP that several areas need, with where RFC 9110 states them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

HeaderLine = tuple[bytes, bytes]
"""The name and the value of one header line. ASGI and the parsers give names in lower case."""

HeaderLines = tuple[HeaderLine, ...]

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

FurtherMethod = Literal[
    "ACL", "CHECKOUT", "COPY", "LOCK", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH",
    "PURGE", "QUERY", "REPORT", "SEARCH", "SUBSCRIBE", "UNLOCK", "UNSUBSCRIBE",
]  # fmt: skip

Forwarded = Literal["no", "partly", "wholly"]
"""How far a request came on its way to the register."""

METHODS: Final[tuple[str, ...]] = get_args(Method)
"""The methods that the gateway always accepts."""

FURTHER_METHODS: Final[tuple[str, ...]] = get_args(FurtherMethod)
"""The methods that it accepts where they are configured: of WebDAV (RFC 4918) and others of the IANA registry, but none
whose body alone says which path it changes (BIND, MERGE)."""

BODILESS: Final = frozenset((204, 304))
"""The statuses of answers that never have a body (RFC 9112 section 6.3)."""

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY", "REPORT", "SEARCH"))
"""Methods that only read (RFC 9110 section 9.2.1)."""

IDEMPOTENT: Final = SAFE | frozenset(
    [
        "PUT",
        "DELETE",
        "ACL",
        "CHECKOUT",
        "COPY",
        "MKACTIVITY",
        "MKCALENDAR",
        "MKCOL",
        "MOVE",
        "PROPPATCH",
        "UNLOCK",
    ]
)
"""Methods that can be repeated with the same effect as once (RFC 9110 section 9.2.2)."""

WITHOUT_CONTENT: Final = frozenset(
    ("GET", "HEAD", "OPTIONS", "DELETE", "COPY", "MOVE", "PURGE", "SUBSCRIBE", "UNLOCK", "UNSUBSCRIBE")
)
"""Methods whose content means nothing (RFC 9110 section 9.3, RFC 4918): servers and applications may leave it unread."""

HOP_BY_HOP: Final = frozenset(
    b"connection proxy-connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate".split()
)
"""Header fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1)."""


def connection_options(value: bytes) -> list[bytes]:
    """What a Connection line names, in lower case (RFC 9110 section 7.6.1); without Python for each, as it may be thousands."""
    return value.lower().translate(None, b" \t").split(b",")


def media_type(content_type: bytes | None) -> bytes:
    """The media type that a Content-Type names, in lower case and without parameters (RFC 9110 section 8.3.1); b"" for none."""
    return (content_type or b"").partition(b";")[0].strip().lower()


def header_block(lines: Iterable[HeaderLine]) -> bytes:
    """Header lines as they are sent, each with its line end (RFC 9112 section 5)."""
    return b"".join([b"%b: %b\r\n" % line for line in lines])
