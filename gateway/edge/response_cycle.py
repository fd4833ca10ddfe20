"""Writes one answer to one client, from ASGI messages or in plain calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from gateway.edge.client_socket import ClientSocket
from gateway.edge.response_lines import ResponseLines
from gateway.edge.switched import Receiver, SwitchedConnection
from gateway.edge.waiting import Waiting
from gateway.http_semantics import BODILESS, HeaderLine

log = logging.getLogger("uvicorn.error")

# From here on, copying a body behind its head costs more than a second write.
_LARGE = 65_536
# From here on, a body waits in the socket until the application has taken what is here.
_ENOUGH = 65_536
_KNOWN = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {_KNOWN.get(status, '')}\r\n".encode() for status in range(200, 600)
}

SWITCH = "toegangspoort.switch"
"""The name among ASGI extensions of `ResponseCycle.switch`, for requests with an Upgrade."""


class ClientConnection(Protocol):
    """What a response cycle needs of its connection."""

    loop: asyncio.AbstractEventLoop
    socket: ClientSocket
    readable: Waiting
    hsts: bytes

    def response_lines(self, headers: Iterable[HeaderLine], *, no_length: bool = False) -> ResponseLines:
        """These lines and what every answer has; see `ResponseLines.of`."""

    def serve(self, answering: Coroutine[Any, Any, None]) -> None:
        """Run this as a task that the server waits for when it stops."""

    def answered(self) -> None:
        """The answer is complete."""

    def switch(self, receiver: Receiver) -> SwitchedConnection:
        """The answer is 101; another protocol follows."""

    def cut(self) -> None:
        """Close so that the answer does not look complete."""


class ResponseCycle:
    """One request and its answer.

    The head waits for the body that follows at once, and for nothing else: a small answer is one write.
    """

    __slots__ = (
        "_body", "_buffered", "_chunked", "_connection", "_ended", "_head", "_left", "_modern", "_no_body",
        "asks_continue", "complete", "disconnected", "keep_alive", "on_disconnect", "received", "scope", "started", "unmarked_end",
    )  # fmt: skip

    def __init__(
        self, connection: ClientConnection, scope: dict[str, Any], *, keep_alive: bool, asks_continue: bool
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.started = False
        self.complete = False
        self.disconnected = False
        self.received = False
        """Whether the whole request is there."""
        self.unmarked_end = False
        """Whether the answer ends with the connection, so that a cut looks like an end."""
        self.on_disconnect: Callable[[], None] | None = None
        """Called when the client goes away before the answer is complete."""
        self._connection = connection
        self.asks_continue = asks_continue
        self._modern = scope["http_version"] == "1.1"
        self._body: list[bytes] = []
        self._buffered = 0
        self._ended = False
        self._head = b""
        self._no_body = False
        self._chunked = False
        self._left: int | None = None

    # The request

    def feed(self, parts: list[bytes], *, last: bool) -> None:
        """More of the request's body, or its end."""
        self.received = last
        if self.complete:
            return
        for part in parts:
            self._buffered += len(part)
        self._body += parts
        if self._buffered > _ENOUGH:
            self._connection.socket.pause_reading()
        self._connection.readable.wake()

    def disconnect(self) -> None:
        """The client is gone, or no longer sends what is a request."""
        if self.disconnected or self.complete:
            return
        self.disconnected = True
        self._connection.readable.wake()
        self._connection.socket.writable.wake()
        if self.on_disconnect is not None:
            self.on_disconnect()

    async def receive(self) -> dict[str, Any]:
        """See ASGI, "HTTP connection scope", receive."""
        connection = self._connection
        if self.asks_continue:
            self.asks_continue = False
            if not self.started and not self._buffered and not self.disconnected:
                connection.socket.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self.disconnected and not self.complete:
            if self._body or (self.received and not self._ended):
                parts, self._body, self._buffered = self._body, [], 0
                body = parts[0] if len(parts) == 1 else b"".join(parts)
                self._ended = self.received
                return {"type": "http.request", "body": body, "more_body": not self.received}
            if not self.received:
                connection.socket.resume_reading()
            await connection.readable.wait()
        return {"type": "http.disconnect"}

    # The answer

    @property
    def takes_writes(self) -> bool:
        """Whether the client has taken in what was written to it before, and is still there."""
        return not self._connection.socket.write_paused and not self.disconnected

    def go_on(self, app: Any) -> None:
        """Let the application answer, in a task of the server."""
        self._connection.serve(self.run(app))

    async def run(self, app: Any) -> None:
        """Let the application answer. What a client does is not an error of the application."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            log.debug("answer cancelled")
        except Exception:  # noqa: BLE001 - the task ends here, whatever the application does
            (log.debug if self.disconnected else log.error)("request failed", exc_info=True)
        else:
            if not self.started and not self.disconnected:
                log.error("request not answered")
        if self.complete or self.disconnected:
            return
        if self.started:
            self._connection.cut()
        else:
            self.keep_alive = False
            words = b"Internal Server Error"
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(words))]
            self.answer(500, headers, words)

    async def send(self, message: dict[str, Any]) -> None:
        """See ASGI, "Send - response start" and "response body". Raises RuntimeError for anything that is not an answer."""
        socket = self._connection.socket
        while socket.write_paused and not self.disconnected:
            await socket.writable.wait()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body":
            self.write(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start":
            self.start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"{kind} is not of an answer")

    def answer(self, status: int, headers: Iterable[HeaderLine], body: bytes) -> None:
        """A whole answer at once. Raises RuntimeError as `send` does."""
        self._open(status, headers)
        self.write(body)

    def start(self, status: int, headers: Iterable[HeaderLine]) -> None:
        """The head; it is written with the first part of the body, or else in the next round of the loop."""
        self._open(status, headers)
        self._connection.loop.call_soon(self._write_head)

    def write(self, body: bytes, *, more: bool = False) -> None:
        """A part of the body; the last one unless there is `more`."""
        if not self.started or self.complete:
            raise RuntimeError("http.response.body outside an answer")
        if self._no_body:
            body = b""
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif self._left is not None:
            self._left -= len(body)
            if self._left < 0:
                raise RuntimeError("the answer is longer than its Content-Length")
        if len(body) > _LARGE:
            self._write_head()
        head, self._head = self._head, b""
        if head or body:
            self._connection.socket.write(head + body if head else body)
        if more:
            return
        if self._left:
            raise RuntimeError("the answer is shorter than its Content-Length")
        self.complete = True
        self._connection.readable.wake()
        self._connection.answered()

    def switch(self, headers: Iterable[HeaderLine], receiver: Receiver) -> SwitchedConnection | None:
        """Answer 101 with these headers, and leave the connection to `receiver`; None if the client is gone.

        Nothing reaches `receiver` before the connection is started. Raises RuntimeError as `send` does.
        """
        if self.disconnected:
            return None
        if self.started:
            raise RuntimeError("a switch inside an answer")
        lines = self._connection.response_lines(headers)
        hsts = b"" if lines.hsts else self._connection.hsts
        self.started = self.complete = True
        self._connection.socket.write(b"HTTP/1.1 101 Switching Protocols\r\n%b%b\r\n" % (lines.octets, hsts))
        self._connection.readable.wake()
        return self._connection.switch(receiver)

    def _write_head(self) -> None:
        head, self._head = self._head, b""
        if head and not self.disconnected:
            self._connection.socket.write(head)

    def _open(self, status: int, headers: Iterable[HeaderLine]) -> None:
        if self.started:
            raise RuntimeError("http.response.start inside an answer")
        connection = self._connection
        lines = connection.response_lines(headers, no_length=status == 204)  # RFC 9110 8.6
        self.started = True
        end, hsts = b"\r\n", connection.hsts
        # A request whose body is still coming cannot be followed by another: what comes is its body.
        keep_alive = self.keep_alive and self.received and not lines.closes
        if self.scope["method"] == "HEAD" or status in BODILESS:
            self._no_body = True
        elif lines.length is not None:
            self._left = lines.length
        elif self._modern:
            self._chunked = True
            end = b"transfer-encoding: chunked\r\n\r\n"
        else:
            keep_alive, self.unmarked_end = False, True  # RFC 9112 6.1
        if not keep_alive and not lines.closes:
            end = b"connection: close\r\n" + end
        self.keep_alive = keep_alive
        self._head = b"%b%b%b%b" % (_STATUS_LINES[status], lines.octets, b"" if lines.hsts else hsts, end)
