"""A child process that goes on with the modules that this process has imported, which takes a second to do again."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_PIECE = 1 << 16


def can_fork() -> bool:
    """Whether this process has no other thread: a child would find locks that the others held, and wait forever."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def ending(code: int) -> str:
    """How a process ended, in words, by its exit code; the number of a signal is negative."""
    if code >= 0:
        return f"ended by itself (exit code {code})"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


class ForkedProcess:
    """Runs `work` in a child with a process group of its own; `communicate` and the rest are as in subprocess.Popen.

    What the child writes to descriptor 1 is its output; its input is empty, and its errors are dropped.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.returncode: int = -1
        self._ended = False
        self._said = bytearray()
        self._reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _detach(writing)
                work()
            finally:
                os._exit(1)
        os.close(writing)
        # Here as well as there: whichever comes first, the group exists when this returns.
        _lead(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reading)
        self._reap()

    def communicate(self, timeout: float | None = None) -> tuple[bytes, None]:
        """The whole output, once the child has ended. Raises subprocess.TimeoutExpired where that takes longer."""
        end = None if timeout is None else time.monotonic() + timeout
        while select.select([self._reading], [], [], end and max(0.0, end - time.monotonic()))[0]:
            piece = os.read(self._reading, _PIECE)
            if not piece:
                self._reap()
                return bytes(self._said), None
            self._said += piece
        raise subprocess.TimeoutExpired("fork", timeout or 0.0)

    def _reap(self) -> None:
        if not self._ended:
            self._ended = True
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)


def _lead(child: int) -> None:
    """Make a child the leader of a group of its own, unless it is, or has ended."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)


def _detach(output: int) -> None:
    _lead(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, target in enumerate((nothing, output, nothing)):
        os.dup2(target, number)
    sys.stdout = sys.stderr = open(nothing, "w", closefd=False)  # noqa: SIM115 - until the end
