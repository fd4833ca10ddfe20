"""The listener's side of HTTP/1.1 for uvicorn's `http=` setting: bounded in time, memory and connections.

It hands on `scope["raw_target"]`, the request target as it was on the wire, and for a request with an Upgrade
`scope["extensions"][SWITCH]`, which answers 101 and leaves the connection to another protocol.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.edge.dialogue import Dialogue
from gateway.edge.listener import Listener
from gateway.edge.refusals import Refusals
from gateway.edge.service import Service
from gateway.edge.settings import EdgeSettings
from gateway.edge.switched import SwitchedConnection

# Seconds. Where a piece takes longer, as one of tiny chunks or frames does, others come before the next, which is smaller.
_LONG = 0.0002
# How many octets of what waited for its turn are taken in at once, until they take long.
_SLICE = 4_096


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
    """One client connection: passes what the transport and the server report on to its dialogue."""

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
        app: Any = config.loaded_app
        self._loop = _loop or asyncio.get_running_loop()
        self._server = server_state
        self._service = Service(app, getattr(app, "prompt", None), server_state, app_state)
        self._asgi = {
            "type": "http",
            "asgi": {"version": config.asgi_version, "spec_version": "2.3"},
            "root_path": config.root_path,
        }
        buffers = self.listener.buffers
        self._small, self._large = buffers.small, buffers.large
        self._buffer = self._small
        self._reads_little = False
        self._waits = b""

    # The transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._dialogue: Dialogue | SwitchedConnection
        self._dialogue = Dialogue(
            self._loop, transport, self.listener, self._service, self._asgi, hand_over=self._hand_over
        )
        self._socket = self._dialogue.socket
        self._server.connections.add(self)  # type: ignore[arg-type]
        self._dialogue.open()
        self._turns = self._dialogue.turns

    def _hand_over(self, switched: SwitchedConnection) -> None:
        """The connection speaks another protocol from now on."""
        self._dialogue = switched

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._waits = b""
        self._dialogue.lost()

    def get_buffer(self, sizehint: int) -> memoryview:
        much = self._dialogue.reads_body and not self._reads_little and not self._turns.contended
        self._buffer = self._large if much else self._small
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        dialogue, data = self._dialogue, self._buffer[:nbytes].tobytes()
        body = dialogue.reads_body
        if self._waits or (body and not self._turns.has_time()):
            # The loop reads in many connections, and many times in each of them, before it is somebody else's turn.
            self._waits += data
            self._reads_little = True
            self._wait()
            return
        if not body:
            dialogue.receive(data)
            return
        begun = time.perf_counter()
        dialogue.receive(data)
        self._reads_little = time.perf_counter() - begun > _LONG
        if self._reads_little:
            self._wait()

    def _wait(self) -> bool:
        """Read nothing before our turn; False where that holds already, or the connection closes."""
        holds = self._socket.hold_reading()
        if holds:
            self._turns.wait(self._take_turn)
        return holds

    def _take_turn(self) -> bool:
        """Take in as much of what waits as takes a moment; False where the connection is gone or closes."""
        if not self._socket.go_on_reading():
            return False
        data, self._waits = self._waits, b""
        try:
            self._take_in(data)
        except BaseException:
            # What is left of it is lost: nothing may follow.
            self._socket.abort()
            raise
        return True

    def _take_in(self, data: bytes) -> None:
        begun = time.perf_counter()
        for end in range(_SLICE, len(data) + _SLICE, _SLICE):
            self._dialogue.receive(data[end - _SLICE : end])
            if end < len(data) and time.perf_counter() - begun > _LONG and self._wait():
                self._waits = data[end:]
                break

    def eof_received(self) -> bool:
        self._flush()
        return self._dialogue.receive_end()

    def _flush(self) -> None:
        """Take in what waits for its turn: something else has to come after it."""
        if self._waits:
            waits, self._waits = self._waits, b""
            self._dialogue.receive(waits)

    def pause_writing(self) -> None:
        self._dialogue.pause_writing()

    def resume_writing(self) -> None:
        self._dialogue.resume_writing()

    # The server

    def drain(self) -> None:
        """The server will stop soon: the request at work is the last one of this connection, where that can still be said."""
        self._dialogue.drain()

    def shutdown(self) -> None:
        """The server stops. What has come is answered all the same."""
        self._flush()
        self._dialogue.stop()
