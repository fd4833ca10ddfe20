"""One connection to the register and the exchange it carries, one at a time (HTTP/1.1, RFC 9112)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable
from typing import Protocol

from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.outgoing.failure import failure_of
from gateway.upstream.body_buffer import BodyBuffer
from gateway.upstream.connection_state import (
    BODY,
    COMPLETE,
    FAILED,
    HEAD,
    IDLE,
    NEXT,
    SETTLED,
    UNDER_WAY,
    WAITING,
    ConnectionState,
)
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.read_buffers import BUFFERS, MOST_OF_BODY
from gateway.upstream.response_reader import ResponseReader
from gateway.upstream.server_health import ServerHealth
from gateway.upstream.session_tags import NOBODY


class ConnectionClosed(Exception):
    """The register closed the connection before the first octet of a response: the request may be repeated.

    Its message says why, where TLS says so: a register of TLS 1.3 refuses a certificate only after the handshake.
    """


class ClientStalled(Exception):
    """The connection was needed for others while the client neither sent nor took in anything."""


_NOT_ENDED = "the register closed the connection without ending TLS (close_notify), and its answer has no length: it may be cut"


class HomePool(Protocol):
    """The pool of one server, as far as a connection leads to it; `host` and `websockets` as in ConnectionPool."""

    host: bytes | None
    health: ServerHealth
    websockets: int

    def release(self, connection: UpstreamConnection) -> None:
        """Give a connection back."""


class UpstreamConnection(asyncio.BufferedProtocol):
    """Opened by the pool. An exchange runs from `start` to `rest`; `tell`, `wait` and `read` report its response.

    `response` has status and headers once the exchange is `settled` without an error. `exchanges` counts those begun;
    `idle_since` is in seconds (monotonic). `waits_for_client_since`, in loop time, is set while the exchange goes on
    only if its client sends or takes in more. `stray`: octets arrived that belong to no exchange. `pool` takes it back.
    """

    pool: HomePool

    def __init__(self, loop: asyncio.AbstractEventLoop, known: KnownResponses) -> None:
        """`known` are heads that responses of the same server had."""
        self._loop = loop
        self._known = known
        self._large, self._small = BUFFERS.large, BUFFERS.body
        self._transport: asyncio.Transport
        self._told: Callable[[], None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None
        self._request_sent = False
        self._is_last = False
        self.response: ResponseReader
        self.state = IDLE
        self.closed = self.stray = False
        self.owner = NOBODY
        """Whom the exchange belongs to."""
        self.writable: asyncio.Future[None] | None = None
        """Done once the register takes in more of the request; None while it does."""
        self.exchanges = 0
        self.idle_since = 0.0
        self.waits_for_client_since: float | None = None
        self.client_wait: asyncio.Timeout | None = None
        """The time that the client has to take in a part of the response, while it does not."""

    # An exchange

    def start(self, method: str, *, last: bool = False) -> None:
        """Begin an exchange. `last`: the connection is not used for another."""
        self._become(WAITING)
        self._request_sent = False
        self._is_last = last
        self.response.begin(method)
        self.exchanges += 1

    def write(self, data: bytes) -> None:
        """Send octets of the request; wait for `writable` afterwards if there may be many."""
        if not self.closed:
            self._transport.write(data)

    def request_sent(self) -> None:
        """The whole request has been written; without this the connection is not used again."""
        self._request_sent = True
        self._tell()

    def may_switch(self) -> None:
        """The one request asks for another protocol. What comes behind the answer waits for the client: little is read at once."""
        self.response.may_switch()
        self._large = self._small = BUFFERS.switch

    @property
    def settled(self) -> bool:
        """Whether waiting for the head is over: it has arrived, or the exchange has failed."""
        return self.state in SETTLED

    def tell(self, callback: Callable[[], None], seconds: float) -> None:
        """Call back once: when the state has changed or more of the body is there, or when the time is over.

        That the head has only begun is not reported. Replaces the callback before; the callback must not raise.
        """
        self._told = callback
        deadline = self._deadline = self._loop.time() + seconds
        timer = self._timer
        if timer is None or timer.when() > deadline:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(deadline, self._time_over)

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, or until the time is over; see `tell`."""
        waiter = self._loop.create_future()
        self.tell(lambda: None if waiter.done() else waiter.set_result(None), seconds)
        try:
            await waiter
        finally:
            self._told = None

    def take(self) -> bytes:
        """What has arrived of the body since the last call; b"" if nothing has."""
        return self.response.buffer.take()

    async def read(self, idle_timeout: float) -> bytes:
        """The next part of the body, or b"" at its end.

        Raises UpstreamTimeout after `idle_timeout` seconds without an octet, UpstreamBroken if the register broke
        off, and the reason given to `abandon`.
        """
        buffer = self.response.buffer
        while not buffer and self.state is not COMPLETE:
            self.raise_for_error()
            deadline = self._loop.time() + idle_timeout
            await self.wait(idle_timeout)
            if not buffer and self.state is BODY and self._loop.time() >= deadline:
                self.abandon(UpstreamTimeout("the register stopped in the middle of its answer"))
        return buffer.take()

    def raise_for_error(self) -> None:
        """Raise the reason why the exchange failed, if it did."""
        if self._error is not None:
            raise self._error

    def abandon(self, reason: Exception) -> None:
        """End the exchange before its time: `reason` is raised to those who wait for the response."""
        if self.state in UNDER_WAY:
            self._fail(reason)

    def give_way(self) -> None:
        """End the exchange in favour of another, and the wait for its client at once."""
        self.abandon(ClientStalled("the client did not go on while others waited"))
        if self.client_wait is not None and not self.client_wait.expired():
            self.client_wait.reschedule(self._loop.time())
        self.close()

    @property
    def reusable(self) -> bool:
        """Whether another exchange can follow: all sent, all read, nothing left over, and the register agrees."""
        if self.state is IDLE:
            return self.exchanges > 0 and not self.closed
        response = self.response
        return (
            self.state is COMPLETE
            and self._request_sent
            and response.keep_alive
            and not self._is_last
            and not self.closed
            and not response.buffer
        )

    def rest(self, now: float) -> None:
        """The exchange is over, or did not begin; keep the connection for another. Only if `reusable`."""
        if self.state is not IDLE:
            self._become(IDLE)
        self.idle_since = now

    def close(self) -> None:
        """End the connection at once; what was not sent is lost."""
        self.closed = True
        self._stop_timer()
        self._transport.abort()

    def forget(self) -> None:
        """Drop the error of an exchange that is over: its traceback refers back here, and only garbage collection frees both."""
        self._error = None

    def hand_over(self, protocol: asyncio.BufferedProtocol) -> bytes:
        """After a 101: the connection belongs to `protocol` from now on; the octets that came behind the response.

        Reading is paused until `protocol` resumes it.
        """
        self._stop_timer()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        return self.response.after_switch or b""

    # State and news

    def _become(self, state: ConnectionState) -> None:
        if state not in NEXT[self.state]:
            raise RuntimeError(f"connection to the register: {state.name} cannot follow {self.state.name}")
        self.state = state

    def _fail(self, error: Exception) -> None:
        self._become(FAILED)
        self._error = error
        self.close()
        self._tell()

    def _tell(self) -> None:
        told = self._told
        if told is not None:
            self._told = None
            told()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_over(self) -> None:
        """One timer serves all waits: it looks again later if the wait that set it is over."""
        self._timer = None
        if self._told is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._time_over)
        else:
            self._tell()

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.response = ResponseReader(BodyBuffer(self._transport), self._known)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError) and not self.closed:
            self._read_what_is_left()
        closed_here, self.closed = self.closed, True
        self.response.close()
        self.resume_writing()
        self._stop_timer()
        if self.state is BODY and self.response.ends_at_close and exc is None and not closed_here:
            if self._ended_in_order():
                self._become(COMPLETE)
            else:
                self.abandon(UpstreamBroken(_NOT_ENDED))
        elif self.state is WAITING:
            self._fail(ConnectionClosed(failure_of(exc).words if isinstance(exc, ssl.SSLError) else ""))
        else:
            self.abandon(UpstreamBroken("the register closed the connection in the middle of its answer"))
        self._tell()

    def _ended_in_order(self) -> bool:
        """Whether it was the register that ended the connection. Over TLS the register says so: without that, anybody on the
        way can have cut off what ends with the connection (RFC 9112 section 9.8)."""
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        if tls is None:
            return True
        try:
            return not tls.read(1)
        except ssl.SSLError as problem:
            return isinstance(problem, ssl.SSLZeroReturnError)

    def _read_what_is_left(self) -> None:
        """A register that answers before it has the whole request closes the connection behind its response: writing to it
        fails, as a rule before anybody looks at what has arrived."""
        found = self._transport.get_extra_info
        if found("socket") is None or found("sslcontext") is not None:
            return  # with TLS only the transport could read it
        with contextlib.suppress(OSError):
            while self.state in UNDER_WAY and (data := os.read(found("socket").fileno(), MOST_OF_BODY)):
                self.data_received(data)

    def pause_writing(self) -> None:
        self.writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self.writable = self.writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._small if self.state is BODY else self._large

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._large[:nbytes].tobytes())

    def data_received(self, data: bytes) -> None:
        if self.state not in UNDER_WAY:
            # Octets that belong to no request must never answer the next one.
            self.stray = True
            self.close()
            return
        response = self.response
        try:
            response.feed(data)
        except UpstreamBroken as problem:
            self.abandon(problem)
            return
        if response.complete:
            self._become(COMPLETE)
            if response.excess:
                self.stray = True
                self.close()
            elif response.after_switch is not None:
                self._transport.pause_reading()
        elif not response.status:
            if self.state is WAITING:
                self._become(HEAD)
            return
        elif self.state is not BODY:
            self._become(BODY)
        self._tell()
