"""A transport that keeps what is written, so that a test plays the register octet by octet."""

from __future__ import annotations

import asyncio

from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.known_responses import KnownResponses


class RecordingTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def connected() -> tuple[UpstreamConnection, RecordingTransport]:
    """An idle connection of the running loop and its transport."""
    transport = RecordingTransport()
    connection = UpstreamConnection(asyncio.get_running_loop(), KnownResponses())
    connection.connection_made(transport)
    return connection, transport
