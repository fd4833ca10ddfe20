"""A bounded cache whose entries expire: for the paths where a general cache costs too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_ROUNDED = 1.0


class Recent(Generic[K, V]):
    """At most `size` entries, each for `seconds` by `timer` after it was set; the oldest is evicted.

    A timer that is set back ends them too: how old they are cannot be known then.
    """

    def __init__(self, size: int, seconds: float, timer: Callable[[], float]) -> None:
        self._size = size
        self._seconds = seconds
        self._longest = seconds + _ROUNDED
        self._timer = timer
        # All entries last equally long, so that the order of setting is the order of ending.
        self._entries: dict[K, tuple[V, float]] = {}

    def get(self, key: K) -> V | None:
        """The value of this key; None where there is none, or where its time is over."""
        found = self._entries.get(key)
        if found is None:
            return None
        if 0.0 < found[1] - self._timer() <= self._longest:
            return found[0]
        del self._entries[key]
        return None

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None

    def __setitem__(self, key: K, value: V) -> None:
        now, entries = self._timer(), self._entries
        entries.pop(key, None)
        entries[key] = (value, now + self._seconds)
        while len(entries) > self._size or next(iter(entries.values()))[1] <= now:
            del entries[next(iter(entries))]
            if not entries:
                return

    def pop(self, key: K) -> V | None:
        """Remove a key; its value, while its time was not over."""
        value = self.get(key)
        self._entries.pop(key, None)
        return value

    def items(self) -> Iterator[tuple[K, V]]:
        """The entries whose time is not over, as they are now."""
        now = self._timer()
        entries = self._entries.items()
        return iter([(key, value) for key, (value, until) in entries if 0.0 < until - now <= self._longest])

    def clear(self) -> None:
        """Remove everything."""
        self._entries.clear()
