"""The listener's side of HTTP/1.1: one client connection, for uvicorn's `http=` setting.

It bounds what a client can cost (time, memory, connections) and hands on `scope["raw_target"]`, the request target as
it was on the wire. One request of a connection is at work at a time; what follows waits as octets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.edge.alarm import Alarm
from gateway.edge.client_socket import ClientSocket
from gateway.edge.half_closed import HalfClosed
from gateway.edge.listener import READ, Listener
from gateway.edge.pace import BodyPace
from gateway.edge.refusals import Refusals, Refused, refusal
from gateway.edge.request_reader import RequestReader
from gateway.edge.response_cycle import ResponseCycle
from gateway.edge.settings import EdgeSettings
from gateway.edge.waiting import Waiting
from gateway.http_semantics import METHODS

# How long a client may go on sending after the last answer, so that it gets to read it (RFC 9112 9.6).
_LINGER = 5.0
_ALLOW = [(b"allow", ", ".join(sorted(METHODS)).encode())]


def protocol_class(
    settings: EdgeSettings, *, public_url: str = "", refusals: Refusals | None = None
) -> type[Any]:
    """The protocol class (a GatewayProtocol) for uvicorn's `http=` setting.

    Where `public_url` is https, answers say so (HSTS). `refusals` counts what is refused. An application with a method
    `prompt(scope, cycle)` is offered each request without a body first: it answers by `cycle.answer`, at once or
    later, and returns True; or it returns False, and is called the ASGI way. It must not raise.
    """

    class Limited(GatewayProtocol):
        listener = Listener(settings, public_url, refusals or Refusals())

    return Limited


class GatewayProtocol(asyncio.BufferedProtocol):
    """One client connection."""

    listener: Listener

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.loop = _loop or asyncio.get_running_loop()
        self.idle = True
        self.readable = Waiting(self.loop)
        self.hsts = self.listener.hsts
        self._limits = self.listener.settings
        self._app: Any = config.loaded_app
        self._prompt: Callable[[dict[str, Any], ResponseCycle], bool] | None = getattr(
            self._app, "prompt", None
        )
        self._config = config
        self._server = server_state
        self._state = app_state
        self._alarm = Alarm(self.loop)
        self._cycle: ResponseCycle | None = None
        self._rest = b""
        self._advancing = False
        self._leaving = False
        self._eof = False

    # The transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        sock = self.socket = ClientSocket(self.loop, transport, self._limits, not_read=self._not_read)
        base = {
            "type": "http",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.3"},
            "server": sock.server,
            "client": sock.client,
            "scheme": "https" if sock.secure else "http",
            "root_path": self._config.root_path,
        }
        self._reader = RequestReader(self._limits, base)
        self._body_pace = BodyPace(
            self.loop,
            self._alarm,
            self._limits,
            received=lambda: self._reader.received,
            excused=self._kept_from_sending,
            late=self._body_late,
        )
        self._half_closed = HalfClosed(sock, self._alarm, gone=self.give_way)
        buffers = self.listener.buffers
        self._small, self._large = buffers.small, buffers.large
        self._server.connections.add(self)  # type: ignore[arg-type]
        reason = self.listener.connections.admit(self, sock.client[0] if sock.client else None)
        if reason is not None:
            self.listener.refusals.count(reason)
            sock.write(refusal(reason, extra=self.hsts))
            self._close()
            return
        self._alarm.set(self._limits.header_timeout, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self.listener.connections.remove(self)
        self._server.connections.discard(self)
        self._alarm.stop()
        self.socket.lost()
        self._reader.close()
        self._leaving = True
        if self._cycle is not None:
            self._cycle.disconnect()
            self._cycle = None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._large if self._reader.has_body else self._small

    def buffer_updated(self, nbytes: int) -> None:
        if self._leaving:
            return
        data = self.get_buffer(0)[:nbytes].tobytes()
        if self._rest or self._reader.complete:
            self._rest += data
            if len(self._rest) >= READ:
                self.socket.pause_reading()
            return
        self._advance(data)

    def eof_received(self) -> bool:
        """Answer what has come whole; True leaves the connection open for that."""
        reader, cycle = self._reader, self._cycle
        if self._leaving or self.socket.secure or not (cycle or reader.begun or self._rest):
            return False
        self._eof = True
        if self._rest and cycle is None:
            return True
        if not reader.complete:
            self._refuse("incomplete")
        elif cycle is not None:
            self._half_closed.watch(cycle)
        return True

    def pause_writing(self) -> None:
        self.socket.pause_writing()

    def resume_writing(self) -> None:
        self.socket.resume_writing()

    def shutdown(self) -> None:
        """The server stops: close once the request at work is answered."""
        if self._cycle is None:
            self._close()
        else:
            self._cycle.keep_alive = False

    def give_way(self) -> None:
        """Close at once, in favour of another connection."""
        self._leaving = True
        self.socket.abort()

    # Requests, one after the other

    def _advance(self, data: bytes) -> None:
        """Read on in `data` until a whole request is at work; keep what follows it."""
        reader = self._reader
        begun = reader.begun
        self._advancing = True
        try:
            while data and not self._leaving:
                taken = reader.feed(data)
                data = b"" if taken == len(data) else data[taken:]
                if self._cycle is not None:
                    self._cycle.feed(reader.take_body(), last=reader.complete)
                elif reader.scope is not None:
                    self._begin(reader.scope)
                if reader.complete:
                    if self._cycle is not None and not self._cycle.complete:
                        break
                    self._rest = data
                    self._end()
                    if data:
                        self.loop.call_soon(self._go_on)  # others come first
                        break
        except Refused as refused:
            self._refuse(refused.reason)
        finally:
            self._advancing = False
        if self._leaving:
            return
        self._rest = data
        if reader.has_body:
            self._watch_body(reader)
        elif reader.begun and reader.scope is None and not begun:
            self._alarm.set(self._limits.header_timeout, self._head_late)

    def _begin(self, scope: dict[str, Any]) -> None:
        """A head is complete: let the application answer, promptly where it can."""
        reader = self._reader
        self.idle = False
        scope["state"] = self._state.copy()
        cycle = self._cycle = ResponseCycle(
            self, scope, keep_alive=reader.keep_alive, asks_continue=reader.expects_continue
        )
        cycle.received = reader.complete
        if self._eof:
            self._half_closed.watch(cycle)
        else:
            self._alarm.clear()
        if scope["raw_target"] == b"*" and scope["method"] == "OPTIONS":
            cycle.answer(204, _ALLOW, b"")  # a question about the server itself (RFC 9110 9.3.7)
        elif self._prompt is None or not reader.complete or not self._prompt(scope, cycle):
            cycle.go_on(self._app)

    def serve(self, answering: Coroutine[Any, Any, None]) -> None:
        """Run this as a task that the server waits for when it stops."""
        task = self.loop.create_task(answering)
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def answered(self) -> None:
        """Called by the cycle when its answer is complete."""
        if self._advancing:
            return
        if not self._reader.complete:
            self._linger()
            return
        self._end()
        self._go_on()

    def _go_on(self) -> None:
        """Take up what came while another request was at work."""
        if self._leaving or self._cycle is not None:
            return
        if self._rest:
            data, self._rest = self._rest, b""
            self._advance(data)
        if len(self._rest) < READ:
            self.socket.resume_reading()
        if self._eof and self._cycle is None and not self._rest:
            self._close()

    def _end(self) -> None:
        """The request at work is answered: be ready for the next one, or close."""
        cycle, self._cycle = self._cycle, None
        self._server.total_requests += 1
        self.idle = True
        if cycle is None or not cycle.keep_alive:
            if self._rest or not self._reader.complete:
                self._linger()
            else:
                self._close()
            return
        self._reader.reset()
        self._body_pace.running = False
        self._alarm.set(self._limits.keep_alive, self._close)

    def _watch_body(self, reader: RequestReader) -> None:
        pace = self._body_pace
        if reader.complete:
            if pace.running:
                pace.stop()
        elif self._cycle is not None and self._cycle.complete:
            self._linger()
        elif not pace.running:
            pace.start()

    # What a client does not do

    def _kept_from_sending(self) -> bool:
        return self.socket.read_paused or (self._cycle is not None and self._cycle.asks_continue)

    def _head_late(self) -> None:
        if self._reader.begun:
            self._refuse("head-slow")
        else:
            self._close()

    def _body_late(self) -> None:
        self._refuse("body-slow")

    def _not_read(self) -> None:
        self.listener.refusals.count("answer-not-read")
        self._leaving = True

    # Writing and closing

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """What uvicorn adds to every answer."""
        return self._server.default_headers

    def cut(self) -> None:
        """Close such that the answer does not look complete."""
        if self._cycle is not None and self._cycle.unmarked_end:
            self.socket.reset_when_closed()
        self._close()

    def _refuse(self, reason: str) -> None:
        """Answer and close, where nothing has been answered yet; else only close."""
        self.listener.refusals.count(reason)
        cycle = self._cycle
        if cycle is not None:
            cycle.disconnect()
            if cycle.started and not cycle.complete:
                self.cut()
                return
        if cycle is None or not cycle.started:
            self.socket.write(refusal(reason, extra=self.hsts))
        self._linger()

    def _linger(self) -> None:
        """Close, but throw away for a while what still comes: a reset could take the answer from the client."""
        if self._eof or self.socket.secure:
            self._close()
            return
        self._leaving = self.idle = True
        self._rest = b""
        self.socket.end()
        self._alarm.set(_LINGER, self._close)

    def _close(self) -> None:
        self._leaving = self.idle = True
        self.socket.close()
