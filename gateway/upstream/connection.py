"""One connection to the register and the exchange it carries, one at a time (HTTP/1.1, RFC 9112)."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Final

import httptools

from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.upstream.body_buffer import BodyBuffer
from gateway.upstream.response_head import MAX_HEAD, HeaderLines, ResponseHead, read_head

_MAX_INTERIM: Final = 32
_PARSE_ERRORS = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class ConnectionClosed(Exception):
    """The register closed the connection before the first octet of an answer: the request may be repeated."""


class ConnectionState(Enum):
    """How far the exchange on a connection is.

    Two facts don't follow from it: whether the connection is open, and whether the whole request has been sent.
    A register may answer before it has the request, and close the connection with or after its answer.
    """

    IDLE = "no exchange: the register has nothing to send"
    WAITING = "the exchange has begun, no octet of an answer has arrived"
    HEAD = "an answer has begun, its head is not complete"
    BODY = "the head has arrived, the body is arriving"
    COMPLETE = "the whole answer has arrived"
    FAILED = "the exchange broke off; nothing follows"


IDLE, WAITING, HEAD, BODY, COMPLETE, FAILED = ConnectionState
_NEXT: Final = {
    IDLE: (WAITING,),
    WAITING: (HEAD, FAILED),
    HEAD: (BODY, FAILED),
    BODY: (COMPLETE, FAILED),
    COMPLETE: (IDLE,),
    FAILED: (),
}


class UpstreamConnection(asyncio.Protocol):
    """Opened by the pool. An exchange runs from `start` to `rest`; `wait` and `read` take its answer.

    `head` is set from the state BODY on. `exchanges` counts those begun; `idle_since` is loop time in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport
        self._buffer: BodyBuffer
        self._parser: httptools.HttpResponseParser
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._request_sent = False
        self.state = IDLE
        self.closed = False
        self.head: ResponseHead
        self.exchanges = 0
        self.idle_since = 0.0

    # Called by the pool and the forwarder

    def start(self, method: str) -> None:
        """Begin an exchange, with a new parser so that nothing of the last one can reach it."""
        self._become(WAITING)
        self._method = method
        self._headers: HeaderLines = []
        self._head_size = 0
        self._interim = 0
        self._request_sent = False
        self._parser = httptools.HttpResponseParser(self)
        self.exchanges += 1

    def write(self, data: bytes) -> None:
        """Send octets of the request; `drain` afterwards if there may be many."""
        if not self.closed:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the register takes in more of the request. Raises ConnectionClosed if it no longer will."""
        if self._writable is not None:
            await self._writable
        if self.closed:
            raise ConnectionClosed

    def request_sent(self) -> None:
        """The whole request has been written; without this the connection is not used again."""
        self._request_sent = True
        self._wake()

    @property
    def settled(self) -> bool:
        """Whether waiting for the head is over: it has arrived, or the exchange has failed."""
        return self.state in (BODY, COMPLETE, FAILED)

    async def wait(self, seconds: float) -> None:
        """Wait until something happens, or until the time is over."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._wake)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    async def read(self, idle_timeout: float) -> bytes:
        """The next part of the body, or b"" at its end.

        Raises UpstreamTimeout after `idle_timeout` seconds without an octet, UpstreamBroken if the register broke
        off, and the reason given to `abandon`.
        """
        while not self._buffer and self.state is not COMPLETE:
            self.raise_for_error()
            waiter = self._waiter = self._loop.create_future()
            timer = self._loop.call_later(idle_timeout, self._stall)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        return self._buffer.take()

    def raise_for_error(self) -> None:
        """Raise the reason why the exchange failed, if it did."""
        if self._error is not None:
            raise self._error

    def abandon(self, reason: Exception) -> None:
        """End the exchange before its time: `wait` and `read` end, and `reason` is raised to their caller."""
        if self.state in (WAITING, HEAD, BODY):
            self._fail(reason)

    @property
    def reusable(self) -> bool:
        """Whether another exchange can follow: all sent, all read, nothing left over, and the register agrees."""
        return (
            self.state is COMPLETE
            and self._request_sent
            and self.head.keep_alive
            and not self.closed
            and not self._buffer
        )

    def rest(self, now: float) -> None:
        """The exchange is over; keep the connection for another. Only if `reusable`."""
        self._become(IDLE)
        self.idle_since = now

    def close(self) -> None:
        """End the connection at once; what was not sent is lost."""
        self.closed = True
        self._transport.abort()

    # The state of the exchange

    def _become(self, state: ConnectionState) -> None:
        if state not in _NEXT[self.state]:
            raise RuntimeError(f"connection to the register: {state.name} cannot follow {self.state.name}")
        self.state = state

    def _fail(self, error: Exception) -> None:
        self._become(FAILED)
        self._error = error
        self.close()
        self._wake()

    def _stall(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self.abandon(UpstreamTimeout("the register stopped in the middle of its answer"))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._buffer = BodyBuffer(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.resume_writing()
        if self.state is BODY and self.head.ends_at_close:
            self._become(COMPLETE)
        elif self.state is WAITING:
            self._fail(ConnectionClosed())
        else:
            self.abandon(UpstreamBroken("the register closed the connection in the middle of its answer"))
        self._wake()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def data_received(self, data: bytes) -> None:
        if self.state not in (WAITING, HEAD, BODY):
            # Octets that belong to no request must never answer the next one.
            self.close()
            return
        if self.state is WAITING:
            self._become(HEAD)
        if self.state is HEAD:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except _PARSE_ERRORS as problem:
            self.close()
            self.abandon(UpstreamBroken(f"not an HTTP answer: {problem.__context__ or problem}"))
        if self.state is HEAD and self._head_size > MAX_HEAD:
            self.abandon(UpstreamBroken(f"the head of the answer is longer than {MAX_HEAD} bytes"))
        self._wake()

    # Called by the parser

    def on_message_begin(self) -> None:
        if self.state is COMPLETE:
            raise httptools.HttpParserError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.state is HEAD:  # else a trailer
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MAX_INTERIM:
                raise httptools.HttpParserError(f"unexpected status {status}")
            self._headers = []
            return
        self.head = read_head(self._parser, status, self._headers)
        self._become(BODY)
        if self._method == "HEAD":
            self._become(COMPLETE)

    def on_body(self, data: bytes) -> None:
        if self.state is BODY:
            self._buffer.put(data)
        else:
            self.close()  # a body in the answer to HEAD

    def on_message_complete(self) -> None:
        if self.state is BODY:
            self._become(COMPLETE)
        elif self.state is HEAD:
            self._head_size = 0  # an interim answer
