"""The registers of the soak as processes, which can be killed and started again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class Server:
    """One register on a port of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Run it; it takes requests when this returns."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak.register", str(self._port)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._child.stdout is not None
        self._child.stdout.readline()

    def kill(self) -> None:
        """End it at once, in the middle of what it does."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()


@contextlib.contextmanager
def server(port: int) -> Iterator[Server]:
    """It runs until the block ends."""
    found = Server(port)
    found.start()
    try:
        yield found
    finally:
        found.kill()
