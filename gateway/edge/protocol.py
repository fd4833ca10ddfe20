"""The listener's side of HTTP/1.1: uvicorn's httptools protocol, with what it leaves open closed.

Measured open in uvicorn 0.54: an Upgrade with a body desynchronises the connection, trailers land among the
headers, header sections have no limit in size or time, and the target loses its exact form. It decides nothing
about who may do what; it hands on `scope["raw_target"]`, the target as it was on the wire.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.edge.response_cycle import ResponseCycle
from gateway.edge.settings import EdgeSettings

# Matched only inside the header section. The field name is replaced by one of the same length that nobody knows:
# the parser then reads the body as a body, and the field is dropped on its way to the register.
_UPGRADE = re.compile(rb"(?i)(?<=\n)upgrade(?=[ \t]*:)")
_IGNORED_UPGRADE = b"xupgrad"
# What the size line of a chunk and its line end may take on average, beside the limit for headers.
_CHUNK_LINE = 64


def protocol_class(settings: EdgeSettings) -> type[HttpToolsProtocol]:
    """The protocol class for uvicorn's `http=` setting, with these limits."""

    class Limited(GatewayProtocol):
        limits = settings

    return Limited


_TOO_MUCH = (
    b"Your browser sends too much along: remove the cookies of this site and try again.\n"
    b"Uw browser stuurt te veel mee: verwijder de cookies van deze site en probeer het opnieuw."
)


class GatewayProtocol(HttpToolsProtocol):
    """One client connection."""

    limits: EdgeSettings = EdgeSettings()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_bytes = 0
        self._head_done = False
        self._message_done = True
        self._refusal: tuple[int, bytes] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._segment = 0
        self._wire = 0
        self._body_bytes = 0
        self._chunks = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.limits.header_timeout, self._head_took_too_long)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_took_too_long(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self._refuse(408, b"The request took too long to arrive.")
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.parser is None or self.transport.is_closing():
            return
        self._segment = len(data)
        self._wire += self._segment
        if not self._head_done or self._message_done:
            self._head_bytes += len(data)
            if b"pgrad" in data or b"PGRAD" in data:
                data = self._without_upgrade(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # An Upgrade that arrived in pieces, or CONNECT: nothing after it can be trusted to be a request.
            self._refuse(*(self._refusal or (400, b"This is not a valid HTTP request.")))
            return
        if (
            self._chunks
            and self._wire - self._body_bytes > self.limits.max_header_bytes + _CHUNK_LINE * self._chunks
        ):
            # Extensions of chunks are read and thrown away by the parser, whatever their length (RFC 9112 7.1.1).
            self._refuse(431, b"The chunk extensions are too large.")
            return
        if self._head_done or self._message_done:
            return
        if self._head_bytes > self.limits.max_header_bytes:
            self._refuse(431, _TOO_MUCH)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.header_timeout, self._head_took_too_long)

    def _without_upgrade(self, data: bytes) -> bytes:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return _UPGRADE.sub(_IGNORED_UPGRADE, data)
        return _UPGRADE.sub(_IGNORED_UPGRADE, data[:end]) + data[end:]

    def _refuse(self, status: int, words: bytes) -> None:
        """Answer and close, where nothing has been answered yet; else only close."""
        self._stop_head_timer()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The refusal belongs to what follows the request that is being answered, or to its own body.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started or self.pipeline:
                self.transport.close()
                return
        reason = {
            400: b"Bad Request",
            408: b"Request Timeout",
            413: b"Content Too Large",
            431: b"Request Header Fields Too Large",
        }
        # Whoever got too many cookies, from us or from a neighbour, would be locked out for ever.
        clear = b'clear-site-data: "cookies"\r\n' if words is _TOO_MUCH else b""
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            b"cache-control: no-store\r\n%bconnection: close\r\n\r\n%s"
            % (status, reason.get(status, b"Bad Request"), len(words) + 1, clear, words + b"\n")
        )
        self.transport.close()

    def _fail(self, status: int, words: bytes) -> None:
        """Called inside a parser callback: stops the parser, and data_received answers."""
        self._refusal = (status, words)
        raise httptools.HttpParserError(words.decode())

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_done = False
        self._message_done = False
        self._head_lines = 0
        self._wire = self._segment
        self._body_bytes = 0
        self._chunks = 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self.limits.max_header_bytes:
            self._fail(431, b"The request target is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:
            return  # a trailer: never a header (RFC 9110 6.5.1)
        self._head_lines += 1
        if self._head_lines > self.limits.max_headers:
            self._fail(431, b"The request has too many headers.")
        name = name.lower()
        if name == b"xupgrad":
            return
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_done = True
        if self._head_timer is not None:
            self._stop_head_timer()
        parser = self.parser
        if (
            self._head_bytes > self.limits.max_header_bytes
            and len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            > self.limits.max_header_bytes
        ):
            self._fail(431, _TOO_MUCH)
        self._head_bytes = 0
        if parser.should_upgrade():
            self._fail(400, b"This connection cannot change its protocol.")
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._fail(400, b"Only HTTP/1.1 is spoken here.")
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        url = self.url
        raw_path, _, query = url.partition(b"?")
        scope["raw_target"] = url
        scope["raw_path"] = raw_path
        scope["path"] = raw_path.decode("latin-1")
        scope["query_string"] = query
        self._start(version)

    def _start(self, version: str) -> None:
        app = self.app
        if self.limit_concurrency is not None and (
            len(self.connections) >= self.limit_concurrency or len(self.tasks) >= self.limit_concurrency
        ):
            app = service_unavailable
        before = self.cycle
        self.cycle = ResponseCycle(
            loop=self.loop,
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and version == "1.1",
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._message_done = True
        super().on_message_complete()
