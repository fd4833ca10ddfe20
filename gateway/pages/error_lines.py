"""The header lines that an error adds to its response: when to come again, how to authenticate, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.errors import (
    BearerRefused,
    Forbidden,
    GatewayError,
    LoginRequired,
    MethodNotAllowed,
    UpgradeRequired,
)
from gateway.http_semantics import HeaderLine
from gateway.model import Identity

_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
_RETRY_AFTER: Final = 10


def error_lines(error: GatewayError, identity: Identity | None) -> Iterable[HeaderLine]:
    """The lines for one error; `identity` is the caller, if known."""
    if error.status in (429, 503):
        seconds = error.facts.get("retry_after", _RETRY_AFTER)
        return ((b"retry-after", _ascii(str(seconds))),)
    if isinstance(error, Forbidden) and identity is not None and identity.kind == "machine":
        return _scopes(error)
    if isinstance(error, BearerRefused):
        return ((b"www-authenticate", b'Bearer error="invalid_token"'),)
    if error.facts.get("reason") == "bearer-malformed":
        return ((b"www-authenticate", b'Bearer error="invalid_request"'),)
    if isinstance(error, LoginRequired):
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, MethodNotAllowed):
        allowed = error.facts.get("allow", ())
        names = [allowed] if isinstance(allowed, str) else allowed
        return ((b"allow", _ascii(", ".join(str(name) for name in names))),)
    if isinstance(error, UpgradeRequired):
        return ((b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-version", b"13"))
    return ()


def _scopes(error: Forbidden) -> Iterable[HeaderLine]:
    """The scopes that a token lacks (RFC 6750 section 3.1), if scopes are all that is missing."""
    lacking = [
        missing.detail
        for alternative in error.decision.alternatives
        for missing in alternative
        if missing.kind == "scope" and missing.detail
    ]
    names = " ".join(
        dict.fromkeys(name for each in lacking for name in each.split() if _SCOPE.fullmatch(name))
    )
    return (
        ((b"www-authenticate", _ascii(f'Bearer error="insufficient_scope", scope="{names}"')),)
        if names
        else ()
    )


def _ascii(text: str) -> bytes:
    return bytes(octet for octet in text.encode("ascii", "replace") if 32 <= octet < 127)
