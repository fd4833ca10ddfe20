"""What commands print, in terminals and encodings of every kind, where the reader leaves (`| head`) and disks are full."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

import typer

from gateway.cli.exit import stop
from gateway.files.readiness import wait_until_writable
from gateway.files.reason import reason

NOT_COMPLETE: Final = 74


class _Outlet(io.FileIO):
    """A descriptor that swallows what nobody reads any more, and what a full disk does not take: a command that changes
    something goes on to its end. `problem` is why something was lost that somebody wanted.
    """

    problem: OSError | None = None

    def write(self, data: object, /) -> int:
        try:
            return self._written(data)
        except BrokenPipeError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - there is no path to a descriptor
                os.dup2(nowhere.fileno(), self.fileno())
        except OSError as problem:
            self.problem = problem
        return memoryview(data).nbytes  # type: ignore[arg-type]

    def _written(self, data: object) -> int:
        while (written := super().write(data)) is None:  # type: ignore[arg-type]
            # Whoever shares the descriptor may have made it one that does not block.
            wait_until_writable(self.fileno())
        return written


@contextmanager
def complete_output() -> Iterator[None]:
    """Say at the end what could not be printed, and end the process with a code of its own."""
    try:
        yield
    finally:
        if (problem := _problem(sys.stdout)) is not None:
            words = (
                f"What this command printed is not complete: {problem.strerror}. What it was asked to do besides is done,"
                " unless a line above says otherwise."
            )
            typer.echo(words, err=True)
            sys.exit(NOT_COMPLETE)


def write_file(file: Path, content: bytes) -> None:
    """Write a file that was asked for. Ends the command where that cannot be done, and then leaves no half file."""
    opened = False
    try:
        with file.open("wb") as written:
            opened = True
            written.write(content)
    except OSError as problem:
        if opened and file.is_file():
            with suppress(OSError):
                file.unlink()
        stop(f"cannot write {file}: {reason(problem)}")


def _problem(stream: TextIO | None) -> OSError | None:
    if stream is not None and not stream.closed:
        stream.flush()
    outlet = getattr(getattr(stream, "buffer", None), "raw", None)
    return outlet.problem if isinstance(outlet, _Outlet) else None


def use_sturdy_output() -> None:
    """Let this process print what its terminal can't show as escapes, and survive readers that leave, or never were."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # Or else a file that is opened later gets the number, and what libraries print there.
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    sys.stdout, sys.stderr = _sturdy(sys.stdout), _sturdy(sys.stderr)


def _sturdy(stream: TextIO) -> TextIO:
    try:
        number, encoding = stream.fileno(), stream.encoding
    except (AttributeError, OSError, ValueError):  # closed, or not a file
        return stream
    outlet = io.BufferedWriter(_Outlet(number, "wb", closefd=False))
    return io.TextIOWrapper(
        outlet, encoding=encoding, errors="backslashreplace", line_buffering=bool(stream.line_buffering)
    )


def counted(number: int, thing: str) -> str:
    """The number with its noun."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
