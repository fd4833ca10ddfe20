"""Writes one answer to one client: uvicorn's cycle of request and answer, with head and body in one write.

A write to a socket is the most expensive thing that a small answer does; uvicorn makes two of it. It decides nothing
about what is answered.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

# From here on, copying a body behind its head costs more than a second write.
_LARGE = 65_536
_BODILESS = frozenset((204, 304))


class ResponseCycle(RequestResponseCycle):
    """One request and its answer. The head waits for the body that follows at once, and for nothing else."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, **facts: Any) -> None:
        super().__init__(**facts)
        self._loop = loop
        self._head = b""

    async def send(self, message: Any) -> None:
        """See ASGI, "Send - response start" and "response body". Raises RuntimeError for what is no answer."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message)
        elif not self.response_complete:
            self._go_on(message)
        else:
            raise RuntimeError(f"{message['type']} after the end of the answer")

    def _begin(self, message: Any) -> None:
        if message["type"] != "http.response.start":
            raise RuntimeError(f"{message['type']} before the head of the answer")
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        headers = [*self.default_headers, *message.get("headers", ())]
        if HEADER_RE.search(b"".join([name for name, _ in headers])):
            raise RuntimeError("a header name with characters that cannot stand there")
        if HEADER_VALUE_RE.search(b"".join([value for _, value in headers])):
            raise RuntimeError("a header value with characters that cannot stand there")
        lines = [STATUS_LINE[status]]
        close_told = False
        for name, value in headers:
            if name == b"content-length" and self.chunked_encoding is None:
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"transfer-encoding" and value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive = False
                close_told = True
            lines += (name, b": ", value, b"\r\n")
        if not self.keep_alive and not close_told:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        self._loop.call_soon(self._write_head)

    def _write_head(self) -> None:
        head, self._head = self._head, b""
        if head and not self.transport.is_closing():
            self.transport.write(head)

    def _go_on(self, message: Any) -> None:
        if message["type"] != "http.response.body":
            raise RuntimeError(f"{message['type']} in the middle of an answer")
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("the answer is longer than its Content-Length")
        if len(body) > _LARGE:
            self._write_head()
        head, self._head = self._head, b""
        if head or body:
            self.transport.write(head + body)
        if more:
            return
        if self.expected_content_length != 0:
            raise RuntimeError("the answer is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
