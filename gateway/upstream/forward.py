"""Step 6: streams one request to the register and its answer back, with back-pressure both ways.

It decides when to repeat, when to give up and what of an answer goes on to the client; it knows nothing of
identities or rules. The bytes of path, query and body are not touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from gateway.errors import (
    BadRequest,
    ContentTooLarge,
    RequestTimeout,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from gateway.model import CanonicalRequest
from gateway.upstream.connection import ConnectionClosed, UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import UpstreamSettings, host_and_port

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
_HOP_BY_HOP = frozenset(
    b"connection proxy-connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate".split()
)
_ESSENTIAL = frozenset(b"content-length content-type set-cookie location cache-control".split())
# How long an answer may take before somebody starts to watch whether the client is still there.
_PATIENCE = 0.05


class ClientGone(Exception):
    """The client closed its connection before the answer was complete; there is nobody left to tell."""


class AnswerCut(Exception):
    """The answer broke off after it had begun: the client's connection must not look complete."""


@dataclass(slots=True)
class Transfer:
    """What one forwarded request came to: status, bytes of body each way, and whether the answer has begun."""

    status: int = 0
    sent: int = 0
    received: int = 0
    started: bool = False


class Forwarder:
    """Carries requests to one register."""

    def __init__(
        self,
        settings: UpstreamSettings,
        pool: ConnectionPool,
        *,
        own_cookies: str,
        max_body: int,
        body_timeout: float,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._own_cookies = own_cookies.encode("ascii")
        self._max_body = max_body
        self._body_timeout = body_timeout
        host, port, secure = host_and_port(settings)
        name = f"[{host}]" if ":" in host else host
        self._host = (name if port == (443 if secure else 80) else f"{name}:{port}").encode("ascii")

    async def forward(
        self,
        request: CanonicalRequest,
        headers: Headers,
        *,
        receive: Receive,
        send: Send,
        exchange: Transfer,
        extra: Headers = (),
    ) -> None:
        """Carry the request with these headers to the register and its answer, with `extra` headers, to `send`.

        Raises a GatewayError while nothing was answered yet (see `exchange.started`), ClientGone when nobody is
        left to answer, AnswerCut when the register broke off in the middle.
        """
        body = _RequestBody(request, receive, self._max_body, self._body_timeout, exchange)
        head = self._request_head(request, headers, body)
        repeatable = request.method in _REPEATABLE and not body.expected
        connection = await self._pool.acquire(repeatable=repeatable)
        try:
            try:
                await self._converse(connection, request, head, body, receive)
            except ConnectionClosed:
                if connection.exchanges == 1 or not repeatable:
                    raise
                self._pool.release(connection)
                connection = await self._pool.fresh()
                await self._converse(connection, request, head, body, receive)
            await self._relay(connection, body, receive=receive, send=send, exchange=exchange, extra=extra)
        except ConnectionClosed as problem:
            raise UpstreamUnreachable("the register closed the connection without an answer") from problem
        finally:
            body.stop()
            self._pool.release(connection)

    def _request_head(self, request: CanonicalRequest, headers: Headers, body: _RequestBody) -> bytes:
        lines = [request.method.encode("ascii"), b" ", request.target, b" HTTP/1.1\r\nhost: "]
        lines.append(request.host.encode("ascii") if self._settings.pass_host else self._host)
        lines.append(b"\r\n")
        for name, value in headers:
            if name not in (b"host", b"content-length"):
                lines += (name, b": ", value, b"\r\n")
        if body.length is not None:
            lines.append(b"content-length: %d\r\n" % body.length)
        elif body.expected:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    async def _converse(
        self,
        connection: UpstreamConnection,
        request: CanonicalRequest,
        head: bytes,
        body: _RequestBody,
        receive: Receive,
    ) -> None:
        """Send the request and wait until the head of the answer is there."""
        connection.start(request.method)
        connection.write(head)
        if body.expected:
            body.pump(connection)
        else:
            connection.request_sent()
        watch: asyncio.Task[None] | None = None
        try:
            if not await connection.wait(_PATIENCE):
                if not body.expected:
                    watch = asyncio.create_task(_client_leaves(receive, connection))
                await self._wait_for_head(connection, body)
        finally:
            if watch is not None:
                watch.cancel()
        body.raise_for_error()
        connection.raise_for_error()

    async def _wait_for_head(self, connection: UpstreamConnection, body: _RequestBody) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._settings.response_timeout
        sent = body.done
        while not connection.head_done:
            body.raise_for_error()
            connection.raise_for_error()
            if not sent:
                # The register's time to answer starts when it has the whole request.
                deadline = clock() + self._settings.response_timeout
                sent = body.done
            left = deadline - clock()
            if left <= 0:
                raise UpstreamTimeout(f"no answer within {self._settings.response_timeout:g} s")
            await connection.wait(left)

    async def _relay(
        self,
        connection: UpstreamConnection,
        body: _RequestBody,
        *,
        receive: Receive,
        send: Send,
        exchange: Transfer,
        extra: Headers,
    ) -> None:
        headers = self._answer_headers(connection, extra)
        if not body.done:
            headers.append((b"connection", b"close"))
        exchange.status = connection.status
        exchange.started = True
        await send({"type": "http.response.start", "status": connection.status, "headers": headers})
        first = connection.take()
        if connection.complete:
            exchange.received = len(first)
            await send({"type": "http.response.body", "body": first})
            return
        watch = asyncio.create_task(_client_leaves(receive, connection)) if body.done else None
        try:
            part = first or await connection.read(self._settings.idle_timeout)
            while part:
                exchange.received += len(part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await connection.read(self._settings.idle_timeout)
            await send({"type": "http.response.body", "body": b""})
        except (UpstreamBroken, UpstreamTimeout, ConnectionClosed) as problem:
            raise AnswerCut(str(problem)) from problem
        finally:
            if watch is not None:
                watch.cancel()

    def _answer_headers(self, connection: UpstreamConnection, extra: Headers) -> list[tuple[bytes, bytes]]:
        named: set[bytes] = set()
        has_date = False
        for name, value in connection.headers:
            if name == b"connection":
                named.update(option.strip().lower() for option in value.split(b","))
            elif name == b"date":
                has_date = True
        named -= _ESSENTIAL
        kept = [
            (name, value)
            for name, value in connection.headers
            if name not in _HOP_BY_HOP and name not in named and not self._sets_own_cookie(name, value)
        ]
        if not has_date:
            kept.append((b"date", formatdate(usegmt=True).encode("ascii")))
        kept.extend(extra)
        return kept

    def _sets_own_cookie(self, name: bytes, value: bytes) -> bool:
        return name == b"set-cookie" and value.lstrip(b" \t=").startswith(self._own_cookies)


async def _client_leaves(receive: Receive, connection: UpstreamConnection) -> None:
    """Ends the exchange as soon as the client has gone, so that the register stops working for nobody."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            connection.abandon(ClientGone())
            return


class _RequestBody:
    """The body of one request on its way to the register."""

    def __init__(
        self, request: CanonicalRequest, receive: Receive, limit: int, timeout: float, exchange: Transfer
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._timeout = timeout
        self._exchange = exchange
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self.length: int | None = None
        chunked = False
        for name, value in request.headers:
            if name == b"content-length":
                self.length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
        self.expected = chunked or bool(self.length)
        self.done = not self.expected

    def pump(self, connection: UpstreamConnection) -> None:
        """Begin to carry the body, beside waiting for the answer: a register may answer early."""
        self._task = asyncio.create_task(self._carry(connection))

    async def _carry(self, connection: UpstreamConnection) -> None:
        try:
            more = True
            while more:
                async with asyncio.timeout(self._timeout):
                    message = await self._receive()
                if message["type"] != "http.request":
                    raise ClientGone
                part = message.get("body", b"")
                more = message.get("more_body", False)
                self._exchange.sent += len(part)
                if self._exchange.sent > self._limit:
                    raise ContentTooLarge(f"more than {self._limit} bytes", limit=self._limit)
                if part:
                    connection.write(part if self.length is not None else b"%x\r\n%s\r\n" % (len(part), part))
                    await connection.drain()
            if self.length is None:
                connection.write(b"0\r\n\r\n")
            elif self._exchange.sent != self.length:
                raise BadRequest(f"{self._exchange.sent} of {self.length} bytes", code="body-short")
            self.done = True
            connection.request_sent()
        except ConnectionClosed:
            pass  # the register's own trouble, or its early answer, is what counts
        except TimeoutError:
            self._error = RequestTimeout(f"no byte of the body for {self._timeout:g} s")
            connection.abandon(self._error)
        except (ClientGone, BadRequest, ContentTooLarge) as problem:
            self._error = problem
            connection.abandon(problem)

    def raise_for_error(self) -> None:
        """Raise what ended the body early, if anything did."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """The exchange is over: what has not been sent will not be."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
