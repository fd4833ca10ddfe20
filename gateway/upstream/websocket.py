"""The opening handshake with the register, as its client (RFC 6455 section 4.1)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from typing import Final

from gateway.errors import GatewayError, UpstreamBroken
from gateway.http_semantics import HeaderLine
from gateway.model import WebSocketHandshake
from gateway.upstream.response_head import SWITCHING

SESSION_ENDED: Final = 4401
REFUSED: Final = 4403
_INTERNAL: Final = 1011
_TRY_LATER: Final = 1013

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_EXTENSION: Final = re.compile(rb"(?i)permessage-deflate[ \t]*(;[^,]*)?")
_NOT_IN_A_SWITCH: Final = frozenset((b"content-length", b"content-type", b"transfer-encoding"))


def close_code(error: GatewayError) -> int:
    """The close code for a WebSocket that would get this error if it were opened now."""
    if error.status == 401:
        return SESSION_ENDED
    if error.status in (403, 429):
        return REFUSED
    return _TRY_LATER if error.status == 503 else _INTERNAL


def handshake_lines(handshake: WebSocketHandshake, *, compression: bool) -> Sequence[HeaderLine]:
    """The header lines that ask the register for what the client asked for."""
    lines = [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", handshake.key),
    ]
    if handshake.protocols:
        lines.append((b"sec-websocket-protocol", b", ".join(handshake.protocols)))
    if handshake.deflate and compression:
        lines.append((b"sec-websocket-extensions", b", ".join(handshake.deflate)))
    return lines


def check_handshake_response(
    headers: Sequence[HeaderLine], handshake: WebSocketHandshake, *, compression: bool
) -> bool:
    """Whether the register's 101 turns on permessage-deflate. Raises UpstreamBroken for one that a client must refuse."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.strip(b" \t"))

    def options(name: bytes) -> list[bytes]:
        return [option.strip(b" \t") for value in values.get(name, ()) for option in value.split(b",")]

    if [option.lower() for option in options(b"upgrade")] != [b"websocket"]:
        raise UpstreamBroken("101 with another Upgrade than websocket")
    named = [option.lower() for option in options(b"connection")]
    if b"upgrade" not in named:
        raise UpstreamBroken("101 without Connection: Upgrade")
    if any(name.startswith(b"sec-websocket-") for name in named):
        raise UpstreamBroken("101 whose Connection names what the client needs")
    if values.get(b"sec-websocket-accept") != [accept_of(handshake.key)]:
        raise UpstreamBroken("101 with a wrong Sec-WebSocket-Accept")
    chosen = values.get(b"sec-websocket-protocol", [])
    if len(chosen) > 1 or not set(chosen) <= set(handshake.protocols):
        raise UpstreamBroken("101 with a subprotocol that was not asked for")
    extensions = [option for option in options(b"sec-websocket-extensions") if option]
    if not extensions:
        return False
    offered = handshake.deflate and compression
    if not offered or len(extensions) > 1 or not _EXTENSION.fullmatch(extensions[0]):
        raise UpstreamBroken("101 with an extension that was not asked for")
    return True


def accept_of(key: bytes) -> bytes:
    """The Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2)."""
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())


def is_switch(status: int) -> bool:
    """Whether the register agreed. Raises UpstreamBroken for any other success: no tunnel must follow it."""
    if status == SWITCHING:
        return True
    if status < 300:
        raise UpstreamBroken(f"{status} instead of 101")
    return False


def headers_of_switch(headers: Sequence[HeaderLine]) -> Sequence[HeaderLine]:
    """The lines of a 101 for the client; `headers` are without those of the connection."""
    lines = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
    return lines + [line for line in headers if line[0] not in _NOT_IN_A_SWITCH]
