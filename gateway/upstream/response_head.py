"""Checks the head of a response from the register and reads from it how the response ends (RFC 9112 section 6.3)."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Final

import httptools

from gateway.http_semantics import HeaderLine

MAX_HEAD: Final = 131_072
"""Most octets of a response's head."""

SWITCHING: Final = 101
"""The register goes on in another protocol, where the request asked for that (RFC 9110 section 15.2.2)."""

_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
_LOGIN: Final = frozenset((b"www-authenticate", b"proxy-authenticate", b"persistent-auth"))
_LOGIN_SCHEMES: Final = (b"ntlm", b"negotiate")
# RFC 9110 sections 5.1 and 5.5.
_IN_NAMES: Final = f"!#$%&'*+-.^_`|~{string.digits}{string.ascii_letters}".encode("ascii")
_IN_VALUES: Final = b"\t" + bytes(octet for octet in range(0x20, 0x100) if octet != 0x7F)


def check_head(status: int, headers: Sequence[HeaderLine]) -> Sequence[bytes]:
    """The names of the headers. Raises HttpParserError if this head is not fit to be passed on."""
    if not 200 <= status <= 599 and status != SWITCHING:
        raise httptools.HttpParserError(f"status {status}")
    names, values = zip(*headers, strict=True) if headers else ((), ())
    all_names, all_values = b"".join(names), b"".join(values)
    if all_names.translate(None, _IN_NAMES) or all_values.translate(None, _IN_VALUES):
        raise httptools.HttpParserError("forbidden characters in a header")
    if len(all_names) + len(all_values) > MAX_HEAD:
        raise httptools.HttpParserError(f"headers of more than {MAX_HEAD} bytes")
    if b"transfer-encoding" in all_names:
        # In another coding the body would reach the client without a header that mentions it (RFC 9112 section 6.1).
        # The parser does not know a coding with a tab behind it, which `head_repair` takes away.
        codings = [
            value.lstrip(b" \t").rstrip(b" ").lower()
            for name, value in headers
            if name == b"transfer-encoding"
        ]
        if codings not in ([], [b"chunked"]):
            raise httptools.HttpParserError("a transfer coding that was not asked for")
    return names


def declared_length(headers: Sequence[HeaderLine]) -> int:
    """Octets of the body by its Content-Length, which the parser has checked; 0 where there is none."""
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def ends_at_close(names: Sequence[bytes]) -> bool:
    """Whether the body of a response that closes its connection has no framing, and ends with the connection."""
    return _FRAMING.isdisjoint(names)


def logs_in_connection(names: Sequence[bytes], headers: Sequence[HeaderLine]) -> bool:
    """Whether the response is part of a login of the connection instead of the request: NTLM or Negotiate (RFC 4559)."""
    return not _LOGIN.isdisjoint(names) and any(
        name == b"persistent-auth"
        or (name in _LOGIN and any(scheme in value.lower() for scheme in _LOGIN_SCHEMES))
        for name, value in headers
    )


def is_connection_login(credentials: bytes) -> bool:
    """Whether the value of an Authorization header logs in the connection: NTLM or Negotiate (RFC 4559)."""
    return credentials.lstrip()[:9].lower().startswith(_LOGIN_SCHEMES)
