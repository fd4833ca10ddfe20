"""Shakes hands with clients of a listener that speaks TLS, of few at a time: a handshake that never ends costs as much as one that does."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, ClassVar, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

# Handshakes under way. Each takes 50 kB, and is over in milliseconds: the oldest gives way to a new one.
_MOST: Final = 512


def behind_tls(protocol: type[Any], context: ssl.SSLContext) -> type[Any]:
    """The protocol class that speaks `protocol`, a GatewayProtocol, over TLS."""

    class Entrance(TlsEntrance):
        inner = protocol
        listener = protocol.listener
        tls = context
        under_way: ClassVar[dict[TlsEntrance, None]] = {}

    return Entrance


class TlsEntrance(asyncio.BufferedProtocol):
    """One connection until its handshake is complete; then it belongs to the inner protocol.

    A server that shakes hands by itself counts a connection only afterwards.
    """

    inner: type[Any]
    listener: Any
    tls: ssl.SSLContext
    under_way: ClassVar[dict[TlsEntrance, None]]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._inner: Any = self.inner(config, server_state, app_state, _loop)
        self._loop = _loop or asyncio.get_running_loop()
        self._server = server_state
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._early = b""
        self._lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        while len(self.under_way) >= _MOST:
            oldest = next(iter(self.under_way))
            del self.under_way[oldest]
            oldest.shutdown()
        self.under_way[self] = None
        self._server.connections.add(self)  # type: ignore[arg-type]
        task = self._loop.create_task(self._shake_hands())
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def _start(self) -> asyncio.Transport | None:
        if self._transport.is_closing():
            raise ConnectionResetError  # a handshake on such a transport would wait for the end of its time
        seconds = self.listener.settings.header_timeout
        return await self._loop.start_tls(
            self._transport, self, self.tls, server_side=True, ssl_handshake_timeout=seconds
        )

    async def _shake_hands(self) -> None:
        handshake = self._loop.create_task(self._start())
        await asyncio.sleep(0)
        # Now the transport belongs to the handshake, which begins in the next round; what came before goes first.
        if not handshake.done():
            self._loop.call_soon(self._hand_on, self._transport.get_protocol())
        try:
            secure = await handshake
        except (OSError, RuntimeError) as problem:
            # It failed, took too long, or gave way; or the transport was closed already.
            self._transport.abort()
            # Its traceback refers to all of this, which would stay until a garbage collection.
            problem.__traceback__ = problem.__context__ = None
            return
        finally:
            del handshake
            self.under_way.pop(self, None)
            self._server.connections.discard(self)
        if secure is None or self._lost or secure.is_closing():
            return  # the client left in the same moment
        inner = self._inner
        inner.connection_made(secure)
        secure.set_protocol(inner)
        self._hand_on(inner)

    def _hand_on(self, protocol: Any) -> None:
        """Give what came here to the protocol that it is for."""
        while self._early and not self._lost:
            buffer = protocol.get_buffer(len(self._early))
            size = min(len(buffer), len(self._early))
            data, self._early = self._early[:size], self._early[size:]
            buffer[:size] = data
            protocol.buffer_updated(size)

    # What comes before the handshake begins, and together with the end of the handshake

    def get_buffer(self, sizehint: int) -> bytearray:
        self._buffer = bytearray(max(sizehint, 16_384))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._early += self._buffer[:nbytes]

    def eof_received(self) -> bool:
        return False  # over TLS that closes the connection

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._early = b""

    # The server

    def drain(self) -> None:
        """The server will stop soon; a handshake is short."""

    def shutdown(self) -> None:
        """Close at once."""
        if not self._lost:
            self._transport.abort()
