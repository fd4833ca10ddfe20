"""Back-pressure towards the register: the parts of a response that wait to be taken."""

from __future__ import annotations

import asyncio
from collections import deque

HIGH_WATER = 262_144
"""Octets that may wait before reading from the register pauses."""
STREAM = 32_768
"""The same for a response that is longer than HIGH_WATER: it cannot be taken whole in any case."""


class BodyBuffer:
    """Parts of a body in order. Pauses its transport above the high-water mark until they are taken."""

    __slots__ = ("_parts", "_paused", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._paused = False

    def __len__(self) -> int:
        """Octets that wait."""
        return self._size

    def put(self, part: bytes) -> None:
        """Add a part that has arrived."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > HIGH_WATER:
            self.pause()

    def pause(self) -> None:
        """Stop reading from the register until what waits is taken."""
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def take(self) -> bytes:
        """All that waits, as one part; empty if nothing does."""
        parts = self._parts
        if not parts:
            return b""
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return data
