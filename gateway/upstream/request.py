"""The request that goes to the register, and how its body is framed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from gateway.client_limits import client_of
from gateway.model import CanonicalRequest
from gateway.upstream.response_head import is_connection_login
from gateway.upstream.shares import Party

Receive = Callable[[], Awaitable[Any]]
_WRITTEN_HERE = (b"host", b"content-length")
_CREDENTIALS = (b"authorization", b"proxy-authorization")


class UpstreamRequest(NamedTuple):
    """What goes to the register: `target` in origin form, `host` as the client sent it, header lines with lower-case
    names.

    `content_length` is in octets; None for a chunked body or none at all. `receive` is the ASGI callable that gives
    the body, and reports that the client has left. `logs_in_connection`: it carries NTLM or Negotiate credentials,
    which the register may take for the whole connection (RFC 4559).
    """

    method: str
    target: bytes
    host: bytes
    headers: Sequence[tuple[bytes, bytes]]
    content_length: int | None
    has_body: bool
    receive: Receive
    party: Party
    logs_in_connection: bool = False

    @classmethod
    def of(
        cls,
        request: CanonicalRequest,
        headers: Sequence[tuple[bytes, bytes]],
        receive: Receive,
        session: str | None = None,
    ) -> UpstreamRequest:
        """The client's request with other headers; its framing is as the client sent it (RFC 9112 section 6.3)."""
        length: int | None = None
        chunked = logs_in = False
        for name, value in request.headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
            elif name in _CREDENTIALS:
                logs_in = logs_in or is_connection_login(value)
        return cls(
            request.method,
            request.target,
            request.host.encode("ascii"),
            headers,
            length,
            chunked or bool(length),
            receive,
            Party(client_of(request.client), session),
            logs_in,
        )

    def head(self, host: bytes) -> bytes:
        """Request line and headers as they are sent, with this Host."""
        lines = [b"%b %b HTTP/1.1\r\nhost: %b" % (self.method.encode("ascii"), self.target, host)]
        lines += [b": ".join(line) for line in self.headers if line[0] not in _WRITTEN_HERE]
        if self.content_length is not None:
            lines.append(b"content-length: %d" % self.content_length)
        elif self.has_body:
            lines.append(b"transfer-encoding: chunked")
        lines.append(b"\r\n")
        return b"\r\n".join(lines)
