"""Recognises what came before, so that nothing is kept of what comes only once."""

from __future__ import annotations

from collections.abc import Hashable


class Seen:
    """What came lately, by its hash: of two things with one hash the second may pass for seen."""

    def __init__(self, size: int = 4_096) -> None:
        self._size = size
        self._hashes: set[int] = set()

    def before(self, value: Hashable) -> bool:
        """Whether this came a short while ago; it has from now on."""
        number, hashes = hash(value), self._hashes
        if number in hashes:
            return True
        if len(hashes) >= self._size:
            hashes.clear()
        hashes.add(number)
        return False
