"""What commands print, in terminals and encodings of every kind, and where the reader leaves (`| head`)."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


class _Outlet(io.FileIO):
    """A descriptor that swallows what nobody reads any more: a command that changes something goes on to its end."""

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - there is no path to a descriptor
                os.dup2(nowhere.fileno(), self.fileno())
            return super().write(data)  # type: ignore[arg-type]


def use_sturdy_output() -> None:
    """Let this process print what its terminal can't show as escapes, and survive readers that leave."""
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
