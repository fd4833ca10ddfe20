"""One connection to the register and the one exchange that it carries at a time (HTTP/1.1, RFC 9112).

It decides whether an answer is well formed and whether the connection can be used again; it knows nothing of
who asks or why.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque

import httptools

from gateway.errors import UpstreamBroken, UpstreamTimeout

Headers = list[tuple[bytes, bytes]]

_HIGH_WATER = 262_144
_LOW_WATER = 65_536
_MAX_HEAD = 131_072
_MAX_INTERIM = 32
_BAD_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class ConnectionClosed(Exception):
    """The register closed the connection before a single byte of an answer: the request may be repeated."""


class UpstreamConnection(asyncio.Protocol):
    """Created by the pool; `start` begins an exchange, `head` and `read` take the answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drain: asyncio.Future[None] | None = None
        self._write_paused = False
        self._reading_paused = False
        self.closed = False
        self.idle_since = 0.0
        self.exchanges = 0
        self._reset("GET")

    def _reset(self, method: str) -> None:
        self._method = method
        self._head_bytes = 0
        self._interim = 0
        self._until_close = False
        self._buffered = 0
        self._chunks: deque[bytes] = deque()
        self._error: Exception | None = None
        self._answered = False
        self._keep_alive = False
        self._request_done = False
        self.status = 0
        self.headers: Headers = []
        self.head_done = False
        self.complete = False

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._write_paused = False
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)
        if self._parser is None or self.complete or self._error is not None:
            self._wake()
            return
        if not self._answered:
            self._error = ConnectionClosed()
        elif self.head_done and not self._keep_alive and self._until_close:
            self.complete = True
        else:
            self._error = UpstreamBroken("the register closed the connection in the middle of its answer")
        self._wake()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self.complete:
            # Bytes that nobody asked for: they must never answer the next request.
            self.close()
            return
        self._answered = True
        if not self.head_done:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD and len(data) < self._head_bytes:
                self._fail(UpstreamBroken("the headers of the register are too large"))
                return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            if self.complete:
                self.close()
                return
            self._fail(UpstreamBroken(f"the register sent what is not HTTP: {problem}"))
            return
        if not self.head_done and self._head_bytes > _MAX_HEAD:
            self._fail(UpstreamBroken("the headers of the register are too large"))
            return
        self._wake()

    # The parser's side

    def on_message_begin(self) -> None:
        if self.complete:
            # A second answer on the heels of the first: this connection is never used again.
            self._keep_alive = False
            raise httptools.HttpParserError("more than one answer")

    def on_status(self, status: bytes) -> None:
        pass

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_done:
            return  # a trailer
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        if 100 <= status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MAX_INTERIM:
                raise httptools.HttpParserError(f"status {status} that was not asked for")
            self.headers = []
            return
        if not 200 <= status <= 599:
            raise httptools.HttpParserError(f"status {status}")
        for name, value in self.headers:
            if _BAD_NAME.search(name) or _BAD_VALUE.search(value):
                raise httptools.HttpParserError("a header with characters that cannot stand there")
        self.status = status
        self._keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        framed = any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)
        self._until_close = not framed
        self.head_done = True
        if self._method == "HEAD":
            self.complete = True

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self._keep_alive = False  # a body where none can be: HEAD
            return
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > _HIGH_WATER and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.head_done:
            self.complete = True
        else:
            self._head_bytes = 0

    # The caller's side

    def start(self, method: str) -> None:
        """Make ready for the next exchange, with a parser that knows nothing of the last one."""
        self._reset(method)
        self.exchanges += 1
        self._parser = httptools.HttpResponseParser(self)

    def write(self, data: bytes) -> None:
        """Send bytes of the request; `drain` afterwards where there may be many."""
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the register takes in more of the request. Raises ConnectionClosed when it no longer will."""
        if self.closed:
            raise ConnectionClosed
        if self._write_paused:
            self._drain = self._loop.create_future()
            await self._drain
            self._drain = None
            if self.closed:
                raise ConnectionClosed

    def request_sent(self) -> None:
        """The whole request has been written; without this the connection is not used again."""
        self._request_done = True
        self._wake()

    async def wait(self, seconds: float) -> bool:
        """Wait until something happened: True when it did, False when the time was over."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._expire, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
        return self._error is not None or self.head_done or self.complete

    def _expire(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def raise_for_error(self) -> None:
        """Raise what went wrong with this exchange, if anything did."""
        if self._error is not None:
            raise self._error

    def take(self) -> bytes:
        """The part of the body that has arrived since the last call; empty where none has."""
        if not self._chunks:
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._reading_paused and self._transport is not None and not self.closed:
            self._reading_paused = False
            self._transport.resume_reading()
        return data

    async def read(self, idle_timeout: float) -> bytes:
        """The next part of the body, or b"" at its end.

        Raises UpstreamTimeout after `idle_timeout` seconds without a byte, UpstreamBroken where it was cut off.
        """
        while not self._chunks:
            if self.complete:
                return b""
            self.raise_for_error()
            waiter = self._waiter = self._loop.create_future()
            timer = self._loop.call_later(idle_timeout, self._stall, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        return self.take()

    def _stall(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            self._error = UpstreamTimeout("the register stopped in the middle of its answer")
            waiter.set_result(None)

    @property
    def reusable(self) -> bool:
        """Whether the next exchange can go over this connection: all sent, all read, nothing left over."""
        return (
            self.complete
            and self._request_done
            and self._keep_alive
            and not self.closed
            and self._error is None
            and not self._chunks
        )

    def abandon(self, reason: Exception) -> None:
        """End the exchange for `reason`, which whoever waits for the answer is told."""
        if not self.complete:
            self._fail(reason)

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self.close()
        self._wake()

    def close(self) -> None:
        """End the connection at once; what was not sent is lost."""
        self.closed = True
        self._keep_alive = False
        if self._transport is not None:
            self._transport.abort()
