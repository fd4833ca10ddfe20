"""Computes something about an identity once: the same identity object comes with every request of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.model import Identity

T = TypeVar("T")


class IdentityMemo(Generic[T]):
    """What `make` gives for an identity, remembered for the latest `size` identity objects."""

    def __init__(self, make: Callable[[Identity], T], size: int = 2048) -> None:
        self._make = make
        self._size = size
        # The identity is kept beside the value: otherwise its id() could come to stand for another object.
        self._made: dict[int, tuple[Identity, T]] = {}

    def __call__(self, identity: Identity) -> T:
        """The value for this very object; an equal one is computed again."""
        found = self._made.get(id(identity))
        if found is not None and found[0] is identity:
            return found[1]
        value = self._make(identity)
        if len(self._made) >= self._size:
            del self._made[next(iter(self._made))]
        self._made[id(identity)] = (identity, value)
        return value

    def clear(self) -> None:
        """Compute everything again from now on."""
        self._made.clear()
