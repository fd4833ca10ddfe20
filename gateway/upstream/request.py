"""The request that goes to the register, and how its body is framed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.client_limits import client_of
from gateway.http_semantics import WITHOUT_CONTENT, HeaderLine
from gateway.model import CanonicalRequest
from gateway.responses import Receive
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.response_head import is_connection_login
from gateway.upstream.session_tags import NOBODY, Owner
from gateway.upstream.shares import Party

_CREDENTIALS = (b"authorization", b"proxy-authorization")


class Framing(NamedTuple):
    """How the client framed the body, and whose the connection is (RFC 9112 section 6.3).

    `content_length` is in octets; None for a chunked body or none at all. `logs_in_connection`: the request carries
    NTLM or Negotiate credentials, which the register may take for the whole connection (RFC 4559). `cookies` is the
    Cookie line, None where nobody has looked for it.
    """

    content_length: int | None = None
    has_body: bool = False
    logs_in_connection: bool = False
    cookies: bytes | None = None

    @classmethod
    def of(cls, headers: Iterable[HeaderLine]) -> Framing:
        """Read it from the headers that the client sent."""
        length: int | None = None
        chunked = logs_in = False
        cookies = b""
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"cookie":
                cookies = value
            elif name in _CREDENTIALS:
                logs_in = logs_in or is_connection_login(value)
        return cls(length, chunked or bool(length), logs_in, cookies)

    @property
    def line(self) -> bytes:
        """The header line that frames the body; empty where there is none."""
        if self.content_length is not None:
            return b"content-length: %d\r\n" % self.content_length
        return b"transfer-encoding: chunked\r\n" if self.has_body else b""


class UpstreamRequest(NamedTuple):
    """What goes to the register: `target` in origin form, `host` as the client sent it, `lines` as they are sent, without
    those for the host and for the framing of the body.

    `receive` is the ASGI callable that gives the body, and reports that the client has left. `party` is whose share of
    the connections it takes, `owner` whose sessions of the register it may use.
    """

    method: str
    target: bytes
    host: bytes
    lines: bytes
    framing: Framing
    receive: Receive
    party: Party
    owner: Owner = NOBODY

    @classmethod
    def of(
        cls,
        request: CanonicalRequest,
        lines: bytes,
        framing: Framing,
        receive: Receive,
        session: str | None = None,
        owner: Owner = NOBODY,
    ) -> UpstreamRequest:
        """The client's request with other header lines."""
        return cls(
            request.method,
            request.target,
            request.host.encode("ascii"),
            lines,
            framing,
            receive,
            Party(client_of(request.client), session),
            owner,
        )

    def with_own_sessions(self, sessions: RegisterSessions) -> UpstreamRequest:
        """This request with no other sessions of the register than those of its owner."""
        cookies = self.framing.cookies
        if cookies is None:
            cookies = (b"\r\n" + self.lines).partition(b"\r\ncookie: ")[2].partition(b"\r\n")[0]
        own = cookies
        if cookies:
            own = sessions.own_cookies(self.owner, cookies)
        target = self.target
        if b";" in target or b"%3" in target:
            target = sessions.own_target(self.owner, target, own)
        if own is cookies and target is self.target:
            return self
        before, found, after = (b"\r\n" + self.lines).partition(b"\r\ncookie: %b\r\n" % cookies)
        line = b"\r\ncookie: %b\r\n" % own if own else b"\r\n"
        return self._replace(target=target, lines=(before + line + after)[2:] if found else self.lines)

    @property
    def is_last(self) -> bool:
        """Whether no other request may follow over the connection that carries this one."""
        return self.framing.logs_in_connection or self._may_stay_unread

    @property
    def _may_stay_unread(self) -> bool:
        return self.framing.has_body and self.method in WITHOUT_CONTENT

    def head(self, host: bytes) -> bytes:
        """Request line and headers as they are sent, with this Host."""
        # A register that answers without a look at the content takes that for the next request, with whatever person it
        # names: unless it is told that none comes (RFC 9110 section 9.3.1).
        last = b"connection: close\r\n" if self._may_stay_unread else b""
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b%b\r\n" % (
            self.method.encode("ascii"),
            self.target,
            host,
            self.lines,
            self.framing.line,
            last,
        )
