"""A connection to the register that carries a WebSocket: passes on what the transport reports to its end of the tunnel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.read_buffers import BUFFERS
from gateway.upstream.tunnel import End

# What is taken in at once, in octets and in seconds, where it is not the inside of one frame: thousands of tiny ones, as of
# answers to pings, take long.
_SLICE: Final = 4_096
_LONG: Final = 0.0002
# How much may wait for a register that takes in nothing, until it is nearly gone: what is being written comes on top.
_UNWRITTEN: Final = 16_384
_NEARLY_WRITTEN: Final = 4_096


class Turns(Protocol):
    """The turns of the client at the other end of the tunnel."""

    def has_time(self) -> bool:
        """Whether something may be taken in at once, before it is somebody else's turn."""

    def wait(self, begin: Callable[[], bool]) -> None:
        """Call back when it is this client's turn; `begin` returns whether there was anything to do."""


class RegisterSocket(asyncio.BufferedProtocol):
    """Takes over a connection on which the register answered 101. Nothing is read before `start`."""

    __slots__ = ("_early", "_end", "_held", "_reading", "_transport", "_turns", "_waits")

    def __init__(self, connection: UpstreamConnection, end: End, turns: Turns) -> None:
        self._end = end
        self._turns = turns
        self._reading = self._held = False
        self._waits = b""
        self._transport: asyncio.Transport
        self._early = connection.hand_over(self)

    def start(self) -> None:
        """Begin with the octets that came behind the register's answer."""
        # First: what is passed on may have to stop it again.
        self.resume_reading()
        early, self._early = self._early, b""
        if early:
            self._take(early)

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._transport.set_write_buffer_limits(_UNWRITTEN, _NEARLY_WRITTEN)

    def get_buffer(self, sizehint: int) -> memoryview:
        return BUFFERS.switch

    def buffer_updated(self, nbytes: int) -> None:
        self._take(BUFFERS.switch[:nbytes].tobytes())

    def _take(self, data: bytes) -> None:
        if not self._waits and self._turns.has_time():
            self._take_in(data)
            return
        self._waits += data
        if not self._held:
            self._wait()

    def _take_in(self, data: bytes) -> None:
        """Take in as much as takes a moment; the rest waits. The inside of a frame is passed on at once."""
        size = len(data) if self._end.guard.left >= len(data) else _SLICE
        begun = time.perf_counter()
        for end in range(size, len(data) + size, size):
            self._end.received(data[end - size : end])
            if end < len(data) and time.perf_counter() - begun > _LONG:
                self._waits = data[end:]
                self._wait()
                break

    def _wait(self) -> None:
        """Read nothing before our turn."""
        self._held = True
        if self._reading and not self._transport.is_closing():
            self._transport.pause_reading()
        self._turns.wait(self._take_turn)

    def _take_turn(self) -> bool:
        """False where the connection is gone or closes."""
        self._held = False
        if self._transport.is_closing():
            return False
        data, self._waits = self._waits, b""
        try:
            self._take_in(data)
        except BaseException:
            # What is left of it is lost: nothing may follow.
            self._transport.abort()
            raise
        if self._reading and not self._held and not self._transport.is_closing():
            self._transport.resume_reading()
        return True

    def eof_received(self) -> bool:
        if self._waits:
            waits, self._waits = self._waits, b""
            self._end.received(waits)
        self._end.ended()
        return self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waits:
            # With TLS the register's last words may wait here when its connection is gone.
            waits, self._waits = self._waits, b""
            self._end.received(waits)
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
            if not self._held:
                self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            if not self._held:
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
