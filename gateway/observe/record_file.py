"""Writes whole lines to a file that is shared, rotated and sometimes on a full disk, or to standard output."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path
from typing import Final

_STDOUT: Final = 1
_MOST_OF_LINE: Final = 65_536
# Less than a readiness check may take.
_DISK_SECONDS: Final = 0.4


class Output:
    """A file that several processes append to and that may be rotated at any time, or standard output (None)."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = _STDOUT if path is None else -1
        self._inode = (0, 0)

    def open(self) -> None:
        """Open the file; make it, and its folders, where they do not exist. Raises OSError."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        about = os.fstat(self._descriptor)
        if stat.S_ISFIFO(about.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "it is a pipe: writing to it may wait forever", str(self._path))
        self._inode = (about.st_dev, about.st_ino)

    def write(self, lines: list[bytes]) -> None:
        """Write these lines and take them off the list. Raises OSError; then the list has what is still to be written.

        A line of which a full disk took only a part is written again, in full, on a line of its own.
        """
        self._follow_rotation()
        while lines:
            before = self._line_end_owed()
            # One call for many lines: with O_APPEND, several processes then never write into each other's lines.
            written = os.write(self._descriptor, before + b"".join(lines)) - len(before)
            while lines and written >= len(lines[0]):
                written -= len(lines.pop(0))
            if lines and written > 0 and self._path is None:
                lines[0] = lines[0][written:]

    def first_line(self) -> bytes:
        """The first line of the file that is open, or the beginning of a long one; empty where there is no file."""
        if self._path is None or not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            return b""
        return os.pread(self._descriptor, _MOST_OF_LINE, 0).partition(b"\n")[0]

    def no_space(self) -> bool:
        """Whether the disk of the file is full; False where that cannot be seen."""
        if self._path is None:
            return False
        try:
            about = os.statvfs(self._path.parent)
        except OSError:
            return False
        return about.f_blocks > 0 and about.f_bavail == 0

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._path is not None and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _line_end_owed(self) -> bytes:
        if self._path is None:
            return b""
        size = os.fstat(self._descriptor).st_size
        return b"" if size == 0 or os.pread(self._descriptor, 1, size - 1) == b"\n" else b"\n"

    def _follow_rotation(self) -> None:
        if self._path is None:
            return
        if self._descriptor >= 0:
            try:
                about = self._path.stat()
            except FileNotFoundError:
                about = None
            if about is not None and (about.st_dev, about.st_ino) == self._inode:
                return
            self.close()
        self.open()


class Space:
    """Looks for room on the disk of an output, in a thread. A disk that hangs occupies one thread, however often it is asked."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._look: asyncio.Task[bool] | None = None

    async def lacking(self) -> bool | None:
        """Whether there is no room left; None where the disk does not answer in time."""
        look = self._look
        if look is None or look.done():
            look = self._look = asyncio.create_task(asyncio.to_thread(self._output.no_space))
        done, _ = await asyncio.wait((look,), timeout=_DISK_SECONDS)
        return look.result() if done else None
