"""The opening handshake of a WebSocket: valid (RFC 6455 section 4.2.1), or refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from gateway.errors import BadRequest, UpgradeRequired, WebSocketRefused
from gateway.http_semantics import HeaderLine, HeaderLines
from gateway.model import WebSocketHandshake

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = rb'(?:%b|"%b")' % (_TOKEN, _TOKEN)
_OFFER = re.compile(rb"%b(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*%b)?)*" % (_TOKEN, _TOKEN, _VALUE))
_NAME = re.compile(_TOKEN)
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_DEFLATE = b"permessage-deflate"
# No client offers or names so much in one header.
_MOST = 64


def websocket_handshake(
    method: str, version: str, headers: Iterable[HeaderLine]
) -> WebSocketHandshake | None:
    """The handshake of a request with an Upgrade header; None for other protocols, which a server may ignore (RFC 9110
    section 7.8): the request goes on without that header.

    Raises BadRequest for a handshake that is not valid or a list that is very long, UpgradeRequired for another version of the protocol.
    """
    headers = tuple(headers)
    protocols = _lower(_elements(headers, b"upgrade"))
    if version != "1.1" or b"upgrade" not in _lower(_elements(headers, b"connection")):
        # Then an Upgrade is to be ignored (RFC 9110 section 7.8), which would surprise who opens a WebSocket.
        if b"websocket" in protocols:
            raise BadRequest(
                "Upgrade without Connection: Upgrade, or in HTTP/1.0", code="websocket-connection"
            )
        return None
    if b"websocket" not in protocols:
        return None
    if protocols != [b"websocket"]:
        raise BadRequest(f"Upgrade: {b', '.join(protocols)[:40]!r}", code="upgrade")
    if method != "GET":
        raise BadRequest(f"a WebSocket by {method}", code="websocket-method")
    if any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
        for name, value in headers
    ):
        raise BadRequest("a WebSocket handshake with a body", code="websocket-body")
    if _single(headers, b"sec-websocket-version", "websocket-version", missing=b"") != b"13":
        raise UpgradeRequired("not version 13 of the WebSocket protocol")
    key = _single(headers, b"sec-websocket-key", "websocket-key", missing=b"")
    if not _KEY.fullmatch(key):
        raise BadRequest(f"Sec-WebSocket-Key {key[:40]!r}", code="websocket-key")
    return WebSocketHandshake(key, _subprotocols(headers), _deflate_offers(headers))


def without_handshake(headers: Iterable[HeaderLine]) -> HeaderLines:
    """The headers without the lines that `websocket_handshake` has read."""
    return tuple(line for line in headers if not line[0].startswith(b"sec-websocket-"))


def check_origin(origin: bytes | None, allowed: Collection[bytes], *, by_cookie: bool) -> None:
    """Raises WebSocketRefused for a page of another site (RFC 6455 section 10.2).

    `by_cookie`: the request has a session's cookie, which a browser adds by itself; then there must be an Origin.
    """
    if origin is None:
        if by_cookie:
            raise WebSocketRefused("a session's cookie without an Origin", reason="origin-missing")
    elif origin not in allowed:
        raise WebSocketRefused(f"Origin {origin[:80]!r}", reason="origin")


def _elements(headers: Iterable[HeaderLine], name: bytes) -> list[bytes]:
    """The elements of a list, over all its lines (RFC 9110 section 5.6.1)."""
    line = b",".join([value for each, value in headers if each == name])
    if line.count(b",") > _MOST:
        raise BadRequest(f"{name.decode()} lists very much", code="header-list")
    return [value for value in (element.strip(b" \t") for element in line.split(b",")) if value]


def _lower(values: Iterable[bytes]) -> list[bytes]:
    return [value.lower() for value in values]


def _single(headers: Iterable[HeaderLine], name: bytes, code: str, *, missing: bytes) -> bytes:
    values = [value.strip(b" \t") for each, value in headers if each == name]
    if len(values) > 1:
        raise BadRequest(f"{len(values)} {name.decode()} headers", code=code)
    return values[0] if values else missing


def _subprotocols(headers: Iterable[HeaderLine]) -> tuple[bytes, ...]:
    found = tuple(_elements(headers, b"sec-websocket-protocol"))
    if len(set(found)) < len(found) or not all(map(_NAME.fullmatch, found)):
        raise BadRequest(f"Sec-WebSocket-Protocol {b', '.join(found)[:80]!r}", code="websocket-protocol")
    return found


def _deflate_offers(headers: Iterable[HeaderLine]) -> tuple[bytes, ...]:
    """The offers of permessage-deflate. Others are not passed on: what their frames look like is not known here."""
    found = tuple(_elements(headers, b"sec-websocket-extensions"))
    if not all(map(_OFFER.fullmatch, found)):
        raise BadRequest("Sec-WebSocket-Extensions", code="websocket-extensions")
    return tuple(offer for offer in found if offer.partition(b";")[0].strip(b" \t").lower() == _DEFLATE)
