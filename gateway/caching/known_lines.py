"""Remembers header lines that came before: browsers, programs and registers send the same ones again and again."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from gateway.caching.seen import Seen
from gateway.http_semantics import HeaderLine, HeaderLines

# A block with large cookies or very many lines is not worth its memory.
_LONGEST = 4_096
_MOST_LINES = 64
# Octets that the objects of one line take beside their text.
_A_LINE = 150


class RepeatedLines(tuple[HeaderLine, ...]):
    """Header lines that came before in the very same octets.

    They are one object as long as they are remembered, so that what follows from them alone can be kept beside them
    (`ObjectMemo`); of lines that come for the first time nothing is kept.
    """

    __slots__ = ()


class VariedLines(tuple[HeaderLine, ...]):
    """Header lines that all came before but the last ones, which are `passing`: they differ from one head to the next."""

    repeated: RepeatedLines
    passing: HeaderLines

    @classmethod
    def of(cls, repeated: RepeatedLines, passing: HeaderLines) -> VariedLines:
        """The repeated lines with others behind them."""
        found = cls(repeated + passing)
        found.repeated, found.passing = repeated, passing
        return found


def with_passing(lines: Iterable[HeaderLine], passing: HeaderLines) -> HeaderLines:
    """These lines with others behind them; those that came before stay known."""
    repeated, before = parted(lines)
    if repeated is None:
        return (*lines, *passing)
    passing = before + passing
    return VariedLines.of(repeated, passing) if passing else repeated


def without(name: bytes, lines: Iterable[HeaderLine]) -> HeaderLines:
    """These lines but those of one name; those that came before stay known where none of them has it."""
    repeated, passing = parted(lines)
    if repeated is None or name in [line[0] for line in repeated]:
        return tuple(line for line in lines if line[0] != name)
    return with_passing(repeated, tuple(line for line in passing if line[0] != name))


def parted(lines: object) -> tuple[RepeatedLines | None, HeaderLines]:
    """The lines that came before, if any did, and those that came with them this time."""
    kind = type(lines)
    if kind is RepeatedLines:
        return lines, ()  # type: ignore[return-value]
    if kind is VariedLines:
        return lines.repeated, lines.passing  # type: ignore[attr-defined]
    return None, ()


class KnownLines:
    """The header lines of heads that were read whole and found valid, by the octets of those lines.

    `passing` are the names of lines that often differ from one head to the next. `most_octets` bounds the memory, of the blocks
    and the lines made of them. The block that was learnt first is evicted.
    """

    def __init__(self, passing: Sequence[bytes], most_octets: int = 16 << 20) -> None:
        self._passing = frozenset(passing)
        # With values of plain text, which every reader takes as they are, and which no next line goes on with.
        self._passing_line = re.compile(
            rb"\r\n((?i:%b)): ?([!-~](?:[ -~]*[!-~])?)(?=\r\n(?![ \t]))" % b"|".join(passing)
        )
        self._most = most_octets
        self._octets = 0
        # Of a dict, the first entry is found slowly once many before it are gone.
        self._lines: OrderedDict[bytes, RepeatedLines] = OrderedDict()
        self._seen = Seen()
        self._cut: tuple[bytes, bytes, HeaderLines] = (b"", b"", ())

    def __len__(self) -> int:
        return len(self._lines)

    def get(self, block: bytes, most: int | None = None) -> RepeatedLines | VariedLines | None:
        """The lines of this block, at most this many, if they came before, or all but passing ones did.

        A block ends with the empty line, and its first line is not of the header lines.
        """
        known = self._lines.get(block)
        if known is not None:
            return known
        others, passing = self._without_passing(block)
        known = self._lines.get(others) if passing else None
        if known is None or (most is not None and len(known) + len(passing) > most):
            return None
        if self._seen.before(block):
            self._keep(block, RepeatedLines(known + passing))
        return VariedLines.of(known, passing)

    def learn(self, block: bytes, lines: Sequence[HeaderLine]) -> None:
        """Remember the lines of a block without the passing ones, if those lines came before; not where there are others of
        those names.
        """
        if len(block) > _LONGEST:
            return
        others, passing = self._without_passing(block)
        if not self._seen.before(others):
            return
        rest = [line for line in lines if line[0] not in self._passing]
        if len(rest) + len(passing) == len(lines):
            self._keep(others, RepeatedLines(rest))

    def _without_passing(self, block: bytes) -> tuple[bytes, HeaderLines]:
        """A block of header lines without the passing ones, and those. The last one is kept: what was not known is learnt next."""
        if self._cut[0] != block:
            first, *parts = self._passing_line.split(block)
            lines = [(name.lower(), value) for name, value in zip(parts[::3], parts[1::3], strict=True)]
            self._cut = block, b"".join((first, *parts[2::3])), tuple(lines)
        return self._cut[1:]

    def _keep(self, block: bytes, lines: RepeatedLines) -> None:
        if len(block) > _LONGEST or len(lines) > _MOST_LINES or block in self._lines:
            return
        self._lines[block] = lines
        self._octets += _size(block, lines)
        while self._octets > self._most:
            self._octets -= _size(*self._lines.popitem(last=False))


def _size(block: bytes, lines: RepeatedLines) -> int:
    return len(block) + _A_LINE * len(lines)
