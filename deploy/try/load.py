"""Requests without a pause, by somebody who is logged in, over connections that are kept: which of them fail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from machines import Network

_CLIENT = """
import http.client, json, ssl, sys, time
name, trusted, cookie, out = sys.argv[1:]
context = ssl.create_default_context(cafile=trusted)
sent, faults, connection = 0, [], None
while True:
    try:
        if connection is None:
            connection = http.client.HTTPSConnection(name, context=context, timeout=60)
        connection.request("GET", "/echo", headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        sent += 1
        if answer.status != 200:
            faults.append(f"{time.time():.1f} {answer.status} {body[:200]!r}")
    except OSError as problem:
        sent += 1
        faults.append(f"{time.time():.1f} {problem!r}")
        connection = None
    with open(out + ".new", "w") as file:
        json.dump([sent, len(faults), faults[:20]], file)
    import os; os.replace(out + ".new", out)
    time.sleep(0.005)
"""


class Load:
    """One client that asks and asks, until the block ends."""

    def __init__(self, where: Network, name: str, trusted: Path, cookie: str, place: Path) -> None:
        self._out = place / "load.json"
        self._arguments = [
            "ip",
            "netns",
            "exec",
            where.name,
            sys.executable,
            "-c",
            _CLIENT,
            name,
            str(trusted),
            cookie,
            str(self._out),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._arguments)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def _read(self) -> tuple[int, int, list[str]]:
        return tuple(json.loads(self._out.read_text())) if self._out.exists() else (0, 0, [])

    @property
    def sent(self) -> int:
        return self._read()[0]

    @property
    def failed(self) -> int:
        return self._read()[1]

    @property
    def faults(self) -> list[str]:
        return self._read()[2]

    def wait_for(self, number: int) -> None:
        """Until so many more requests have been answered."""
        assert self._process is not None
        until = self.sent + number
        while self.sent < until:
            assert self._process.poll() is None, "the client ended"
            time.sleep(0.05)
