"""A forked child process, which has the modules of this one: importing them again would take a second."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from gateway.files.readiness import is_readable

_PIECE = 1 << 16
_MOST_SAID = 64 << 20
_LOOK = 0.02


def can_fork() -> bool:
    """Whether this process has no other thread: a child would find locks that the others held, and wait forever."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def exit_words(code: int) -> str:
    """How a process ended, in words, by its exit code; the number of a signal is negative."""
    if code >= 0:
        return f"ended by itself (exit code {code})"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


class ForkedProcess:
    """Runs `work` in a child with a process group of its own; its methods are as in subprocess.Popen.

    What the child writes to descriptor 1 is its output; its input is empty, and its errors are dropped.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.returncode: int = -1
        self._ended = False
        reading, writing = os.pipe()
        self.stdout = os.fdopen(reading, "rb", buffering=0)
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
        self.stdout.close()
        self.wait()

    def poll(self) -> int | None:
        """The exit code, once the child has ended."""
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired where the child takes longer."""
        end = None if timeout is None else time.monotonic() + timeout
        while end is not None and self.poll() is None:
            if time.monotonic() >= end:
                raise subprocess.TimeoutExpired("fork", timeout or 0.0)
            time.sleep(_LOOK)
        return self._reap(0) or 0

    def _reap(self, how: int) -> int | None:
        if not self._ended:
            pid, status = os.waitpid(self.pid, how)
            if pid == 0:
                return None
            self._ended = True
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def output_of(process: subprocess.Popen[bytes] | ForkedProcess, seconds: float) -> bytes:
    """What it wrote, once it has ended. Raises subprocess.TimeoutExpired where that takes longer.

    Not until the end of the output: a process that it left behind may keep that open for good.
    """
    assert process.stdout is not None
    output, said, end = process.stdout.fileno(), bytearray(), time.monotonic() + seconds
    while True:
        ended = process.poll() is not None
        while is_readable(output, 0.0 if ended else _LOOK):
            piece = os.read(output, _PIECE)
            said += piece
            if not piece:
                process.wait(max(0.0, end - time.monotonic()))
                return bytes(said)
            if len(said) > _MOST_SAID or time.monotonic() >= end:
                break
        if ended:
            return bytes(said)
        if len(said) > _MOST_SAID or time.monotonic() >= end:
            raise subprocess.TimeoutExpired("trial", seconds, bytes(said))


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
