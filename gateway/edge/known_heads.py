"""Remembers header lines that came before: a browser and a program send the same ones again and again."""

from __future__ import annotations

import re
from typing import Final

from gateway.caching.seen import Seen

Line = tuple[bytes, bytes]
Lines = tuple[Line, ...]

PASSING: Final = (b"referer", b"if-none-match", b"if-modified-since")
"""Names of lines that often differ from one request to the next and say nothing to admission."""

# With values of plain text, which every reader takes as they are.
_PASSING_LINE: Final = re.compile(rb"\r\n((?i:%b)): ?([!-~](?:[ -~]*[!-~])?)(?=\r\n)" % b"|".join(PASSING))
# A block with large cookies is not worth its memory.
_LONGEST = 4_096


class Repeated(tuple[Line, ...]):
    """Header lines that came before in the very same octets.

    They are one object as long as they are remembered, so that what follows from them alone can be kept beside them
    (`ObjectMemo`); of lines that come for the first time nothing is kept.
    """

    __slots__ = ()


class Varied(tuple[Line, ...]):
    """Header lines that all came before but the last ones, which are `passing`."""

    repeated: Repeated
    passing: Lines

    @classmethod
    def of(cls, repeated: Repeated, passing: Lines) -> Varied:
        """The repeated lines with others behind them, whose names are of PASSING."""
        found = cls(repeated + passing)
        found.repeated, found.passing = repeated, passing
        return found


def with_passing(lines: Lines, passing: Lines) -> Lines:
    """These lines with passing ones behind them; those that came before stay known."""
    if not passing:
        return lines
    return Varied.of(lines, passing) if type(lines) is Repeated else lines + passing


def parted(lines: object) -> tuple[Repeated | None, Lines]:
    """The lines that came before, if any did, and those that came with them this time."""
    kind = type(lines)
    if kind is Repeated:
        return lines, ()  # type: ignore[return-value]
    if kind is Varied:
        return lines.repeated, lines.passing  # type: ignore[attr-defined]
    return None, ()


def _without_passing(block: bytes) -> tuple[bytes, Lines]:
    """A block of header lines without the passing ones, and those."""
    first, *parts = _PASSING_LINE.split(block)
    if not parts:
        return block, ()
    lines = [(name.lower(), value) for name, value in zip(parts[::3], parts[1::3], strict=True)]
    return b"".join((first, *parts[2::3])), tuple(lines)


class KnownHeads:
    """The header lines of heads that were read whole and found valid, by the octets of those lines.

    `most_octets` bounds the memory: of the blocks of octets; the lines made of them take about as much again. The
    block that was learnt first gives way.
    """

    def __init__(self, most_octets: int = 4 << 20) -> None:
        self._most = most_octets
        self._octets = 0
        self._lines: dict[bytes, Repeated] = {}
        self._seen = Seen()

    def __len__(self) -> int:
        return len(self._lines)

    def get(self, block: bytes, most: int) -> Repeated | Varied | None:
        """The lines of this block, at most so many, if they came before, or all but passing ones did.

        A block has all octets after the request line, from its line end on.
        """
        known = self._lines.get(block)
        if known is not None:
            return known
        others, passing = _without_passing(block)
        known = self._lines.get(others) if passing else None
        if known is None or len(known) + len(passing) > most:
            return None
        if self._seen.before(block):
            self._keep(block, Repeated(known + passing))
        return Varied.of(known, passing)

    def learn(self, block: bytes, lines: list[Line]) -> None:
        """Remember the lines of a block without the passing ones; not where there are others of those names."""
        others, passing = _without_passing(block)
        rest = [line for line in lines if line[0] not in PASSING]
        if len(rest) + len(passing) == len(lines):
            self._keep(others, Repeated(rest))

    def _keep(self, block: bytes, lines: Repeated) -> None:
        if len(block) > _LONGEST or block in self._lines:
            return
        self._lines[block] = lines
        self._octets += len(block)
        while self._octets > self._most:
            first = next(iter(self._lines))
            del self._lines[first]
            self._octets -= len(first)
