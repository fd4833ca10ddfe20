"""A connection to the register that carries a WebSocket: passes on what the transport reports to its end of the tunnel."""

from __future__ import annotations

import asyncio

from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.tunnel import End


class RegisterSocket(asyncio.Protocol):
    """Takes over a connection on which the register answered 101. Nothing is read before `start`."""

    __slots__ = ("_early", "_end", "_reading", "_transport")

    def __init__(self, connection: UpstreamConnection, end: End) -> None:
        self._end = end
        self._reading = False
        self._transport: asyncio.Transport
        self._early = connection.hand_over(self)

    def start(self) -> None:
        """Begin with the octets that came behind the register's answer."""
        if self._early:
            self._end.received(self._early)
            self._early = b""
        self.resume_reading()

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._end.received(data)

    def eof_received(self) -> bool:
        self._end.ended()
        return self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.lost()

    def pause_writing(self) -> None:
        self._end.paused()

    def resume_writing(self) -> None:
        self._end.resumed()

    # See Peer

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def end(self) -> None:
        if not self._transport.can_write_eof():
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write_eof()
            self.resume_reading()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()
