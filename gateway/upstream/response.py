"""The answer of the register on its way to the client."""

from __future__ import annotations

from email.utils import formatdate

from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.http_semantics import HOP_BY_HOP
from gateway.upstream.client_stream import ClientStream
from gateway.upstream.connection import ConnectionState, UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.response_head import HeaderLines

_COMPLETE = ConnectionState.COMPLETE
# What the Connection header cannot remove.
_ESSENTIAL = frozenset(b"content-length content-type set-cookie location cache-control".split())


class AnswerCut(Exception):
    """The answer broke off after it had begun: it must not look complete to the client."""


class UpstreamResponse:
    """Status and headers for the client, and the body to iterate over. `aclose` it in every case.

    Iteration gives at least one part, the only one that may be empty being the last; `complete` is set with the last
    part. It raises AnswerCut if the register breaks off, ClientGone if the client leaves, and a GatewayError if the
    client's own body turns out wrong.
    """

    __slots__ = (
        "_client",
        "_closed",
        "_connection",
        "_idle_timeout",
        "_pool",
        "complete",
        "headers",
        "received",
        "status",
    )

    def __init__(
        self,
        connection: UpstreamConnection,
        client: ClientStream,
        pool: ConnectionPool,
        *,
        own_cookies: bytes,
        idle_timeout: float,
    ) -> None:
        self._connection = connection
        self._client = client
        self._pool = pool
        self._closed = False
        self._idle_timeout = idle_timeout
        self.status = connection.head.status
        self.headers = headers_for_client(connection.head.headers, own_cookies)
        if not client.done:
            # The client is still sending what nobody will read.
            self.headers.append((b"connection", b"close"))
        self.received = 0
        """Octets of the body so far."""
        self.complete = False

    @property
    def sent(self) -> int:
        """Octets of the request body that went to the register so far."""
        return self._client.sent

    def __aiter__(self) -> UpstreamResponse:
        return self

    async def __anext__(self) -> bytes:
        if self.complete:
            raise StopAsyncIteration
        connection = self._connection
        try:
            if connection.state is not _COMPLETE:
                self._client.watch()
            part = await connection.read(self._idle_timeout)
        except (UpstreamBroken, UpstreamTimeout) as problem:
            raise AnswerCut(str(problem)) from problem
        self.received += len(part)
        self.complete = connection.state is _COMPLETE
        return part

    async def aclose(self) -> None:
        """Give the connection back, or close it if the exchange is not complete."""
        if self._closed:
            return
        self._closed = True
        self._client.stop()
        self._pool.release(self._connection)


def headers_for_client(headers: HeaderLines, own_cookies: bytes) -> HeaderLines:
    """The headers without those of the connection and without cookies whose name begins with `own_cookies`; with Date."""
    named: set[bytes] = set()
    has_date = False
    for name, value in headers:
        if name == b"connection":
            named.update(option.strip().lower() for option in value.split(b","))
        elif name == b"date":
            has_date = True
    named -= _ESSENTIAL
    kept = [
        (name, value)
        for name, value in headers
        if name not in HOP_BY_HOP
        and name not in named
        and not (name == b"set-cookie" and value.lstrip(b" \t=").startswith(own_cookies))
    ]
    if not has_date:
        kept.append((b"date", formatdate(usegmt=True).encode("ascii")))
    return kept
