"""Computes something about an object once, where the same object comes with many requests: an identity, a head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class ObjectMemo(Generic[K, T]):
    """What `make` gives for an object, remembered for the latest `size` objects. The objects must not change."""

    def __init__(self, make: Callable[[K], T], size: int = 2048) -> None:
        self._make = make
        self._size = size
        # The object is kept beside the value: otherwise its id() could come to stand for another object.
        self._made: dict[int, tuple[K, T]] = {}

    def __call__(self, about: K) -> T:
        """The value for this very object; an equal one is computed again."""
        found = self._made.get(id(about))
        if found is not None and found[0] is about:
            return found[1]
        value = self._make(about)
        if len(self._made) >= self._size:
            del self._made[next(iter(self._made))]
        self._made[id(about)] = (about, value)
        return value

    def clear(self) -> None:
        """Compute everything again from now on."""
        self._made.clear()
