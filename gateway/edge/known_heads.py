"""Remembers header lines that came before: a browser and a program send the same ones again and again."""

from __future__ import annotations

# A block with large cookies is not worth its memory.
_LONGEST = 4_096


class Repeated(tuple[tuple[bytes, bytes], ...]):
    """Header lines that came before in the very same octets.

    They are one object as long as they are remembered, so that what follows from them alone can be kept beside them
    (`ObjectMemo`); of lines that come for the first time nothing is kept.
    """

    __slots__ = ()


class KnownHeads:
    """The header lines of heads that were read whole and found valid, by the octets of those lines.

    `most_octets` bounds the memory: of the blocks of octets; the lines made of them take about as much again. The
    block that was learnt first gives way.
    """

    def __init__(self, most_octets: int = 4 << 20) -> None:
        self._most = most_octets
        self._octets = 0
        self._lines: dict[bytes, Repeated] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def get(self, block: bytes) -> Repeated | None:
        """The lines that were made of this block before."""
        return self._lines.get(block)

    def learn(self, block: bytes, lines: list[tuple[bytes, bytes]]) -> None:
        """Remember the lines of a block, which has all octets after the request line."""
        if len(block) > _LONGEST or block in self._lines:
            return
        self._lines[block] = Repeated(lines)
        self._octets += len(block)
        while self._octets > self._most:
            first = next(iter(self._lines))
            del self._lines[first]
            self._octets -= len(first)
