"""Shows how far long work has come, on standard error and only if that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path
from typing import Final, TextIO, TypeVar

import typer

T = TypeVar("T")
_EVERY_SECONDS: Final = 0.2
_LOOK_EVERY: Final = 256
_ERASE: Final = "\r\033[K"


def watched(
    items: Iterable[T],
    what: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """The items, while a line says how many there were, and of how many where that is known."""
    count = len(items) if isinstance(items, Sized) else None

    def words(number: int) -> str:
        return f"{number:,} of {count:,}" if count is not None else f"{number:,}"

    return _watched(items, lambda number, _: f"{what}: {words(number)}", stream or sys.stderr, clock)


def watched_lines(
    lines: Iterable[bytes],
    place: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """The lines of a file, while a line says how many were read, and how much of a file that is not compressed."""
    size = Path(place).stat().st_size if Path(place).is_file() and not place.endswith(".gz") else 0
    read = 0

    def words(number: int, line: bytes) -> str:
        return f"{place}: {number:,} lines" + (f", {min(1.0, read / size):.0%}" if size else "")

    def counted() -> Iterator[bytes]:
        nonlocal read
        for line in lines:
            read += len(line)
            yield line

    return _watched(counted(), words, stream or sys.stderr, clock)


def _watched(
    items: Iterable[T], words: Callable[[int, T], str], stream: TextIO, clock: Callable[[], float]
) -> Iterator[T]:
    if not stream.isatty():
        yield from items
        return
    said, shown = clock(), False
    try:
        for number, item in enumerate(items, 1):
            if number % _LOOK_EVERY == 0 and clock() - said >= _EVERY_SECONDS:
                typer.echo(f"{_ERASE}{words(number, item)}", nl=False, file=stream)
                said, shown = clock(), True
            yield item
    finally:
        if shown:
            typer.echo(_ERASE, nl=False, file=stream)
