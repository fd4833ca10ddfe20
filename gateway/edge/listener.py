"""What all client connections of one listener share: settings, counters, buffers and known heads."""

from __future__ import annotations

import threading

from gateway.edge.connections import Connections
from gateway.edge.known_heads import known_heads
from gateway.edge.refusals import Refusals
from gateway.edge.response_lines import KnownResponseLines
from gateway.edge.settings import EdgeSettings
from gateway.edge.turns import Turns

# What is read at once, and so what can wait unread in a connection: little, unless a body is coming.
READ = 16_384
_READ_BODY = 65_536


class Buffers(threading.local):
    """Where sockets are read into: one pair for all connections of a loop, as each read is taken at once."""

    def __init__(self) -> None:
        self.small = memoryview(bytearray(READ))
        self.large = memoryview(bytearray(_READ_BODY))


class Listener:
    """Where `public_url` is https, `hsts` is the header line that says so to browsers (RFC 6797)."""

    def __init__(self, settings: EdgeSettings, public_url: str, refusals: Refusals) -> None:
        self.settings = settings
        self.refusals = refusals
        self.buffers = Buffers()
        self.heads = known_heads()
        self.response_lines = KnownResponseLines()
        self.turns = Turns()
        self.draining = False
        """Whether it will close soon: each answer is the last one of its connection."""
        self.connections = Connections(
            settings.max_connections,
            settings.max_connections_per_client,
            settings.max_new_connections_per_client,
            trusted=settings.trusted_proxies,
            count=refusals.count,
        )
        secure = public_url.startswith("https:") and settings.hsts is not None
        self.hsts = f"strict-transport-security: {settings.hsts}\r\n".encode() if secure else b""
