"""Discards what a client still sends while its connection is being closed: in large pieces, which costs least."""

from __future__ import annotations

import asyncio
import threading

_PIECE = 65_536


class _Bin(threading.local):
    """Where the octets are read into: one for all connections of a loop, as nobody looks at them."""

    def __init__(self) -> None:
        self.room = memoryview(bytearray(_PIECE))


_bin = _Bin()


class DiscardingProtocol(asyncio.BufferedProtocol):
    """Takes the place of a connection's protocol, which still is told of everything, but gets no octets."""

    def __init__(self, protocol: asyncio.BufferedProtocol) -> None:
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> memoryview:
        return _bin.room

    def buffer_updated(self, nbytes: int) -> None:
        """Drop the octets. The protocol hears that there were some: when there is time to read on, it knows."""
        self._protocol.buffer_updated(0)

    def eof_received(self) -> bool:
        """The client has sent all: close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
