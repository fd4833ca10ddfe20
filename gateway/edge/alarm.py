"""A timer for one connection that is cheap to set for every request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """At most one timer of the loop at a time: a later deadline costs nothing until the earlier one has passed."""

    __slots__ = ("_armed", "_at", "_handle", "_loop", "_ring")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._armed = 0.0
        self._at = 0.0
        self._ring: Callable[[], None] | None = None

    def set(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` in this many seconds, in place of what was set before."""
        self._ring = ring
        self._at = at = self._loop.time() + seconds
        if self._handle is None:
            self._arm(at)
        elif at < self._armed:
            self._handle.cancel()
            self._arm(at)

    def clear(self) -> None:
        """Don't ring until set again."""
        self._ring = None

    def stop(self) -> None:
        """Clear, and let the loop forget this alarm."""
        self._ring = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, at: float) -> None:
        self._armed = at
        self._handle = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._handle = None
        if self._ring is None:
            return
        if self._at > self._armed:
            self._arm(self._at)
            return
        ring, self._ring = self._ring, None
        ring()
