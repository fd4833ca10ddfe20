"""How many log lines with the same words are written in a while: strangers can cause thousands in a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

# This many at once, and one more after this many seconds.
_BURST: Final = 300
_EVERY: Final = 1.0
# Faults of the gateway, and what somebody who asked for everything asked for.
_ALL: Final = frozenset({"debug", "error", "exception", "critical", "fatal"})


@dataclass(slots=True)
class _Room:
    full_at: float = 0.0
    left_out: int = 0


class LogRoom:
    """A structlog processor: leaves out a line for which there is no room. The next one with the same words says how many.

    Words are constant: what differs stands in the other keys. `steady` is a clock in seconds that never goes back.
    """

    def __init__(self, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._rooms: dict[str, _Room] = {}
        self._lock = threading.Lock()

    def __call__(
        self, _logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Raises DropEvent for a line that is left out."""
        if method in _ALL:
            return event
        with self._lock:
            room = self._rooms.setdefault(str(event.get("event")), _Room())
            now = self._steady()
            full_at = max(room.full_at, now) + _EVERY
            if full_at - now > _BURST * _EVERY:
                room.left_out += 1
                raise structlog.DropEvent
            room.full_at = full_at
            if room.left_out:
                event["left_out"], room.left_out = room.left_out, 0
        return event
