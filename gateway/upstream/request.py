"""The request that goes to the register, and how its body is framed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model import CanonicalRequest

Receive = Callable[[], Awaitable[Any]]
_WRITTEN_HERE = (b"host", b"content-length")


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """What goes to the register: `target` in origin form, `host` as the client sent it, header lines with lower-case
    names.

    `content_length` is in octets; None for a chunked body or none at all. `receive` is the ASGI callable that gives
    the body, and reports that the client has left.
    """

    method: str
    target: bytes
    host: bytes
    headers: Sequence[tuple[bytes, bytes]]
    content_length: int | None
    has_body: bool
    receive: Receive

    @classmethod
    def of(
        cls, request: CanonicalRequest, headers: Sequence[tuple[bytes, bytes]], receive: Receive
    ) -> UpstreamRequest:
        """The client's request with other headers; its framing is as the client sent it (RFC 9112 section 6.3)."""
        length: int | None = None
        chunked = False
        for name, value in request.headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
        has_body = chunked or bool(length)
        host = request.host.encode("ascii")
        return cls(request.method, request.target, host, headers, length, has_body, receive)

    def head(self, host: bytes) -> bytes:
        """Request line and headers as they are sent, with this Host."""
        lines = [self.method.encode("ascii"), b" ", self.target, b" HTTP/1.1\r\nhost: ", host, b"\r\n"]
        for name, value in self.headers:
            if name not in _WRITTEN_HERE:
                lines += (name, b": ", value, b"\r\n")
        if self.content_length is not None:
            lines.append(b"content-length: %d\r\n" % self.content_length)
        elif self.has_body:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)
