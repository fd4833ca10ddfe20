"""A real redis-server for tests, on a socket of its own in a folder of its own; nothing else uses it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.running import free_socket


def redis_server() -> str:
    """Where redis-server is; skips the test where the machine has none, unless CI says that it must."""
    found = shutil.which("redis-server")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is needed: apt-get install redis-server")
        pytest.skip("redis-server is not installed here")
    return found


@dataclass
class RedisServer:
    """One server. It answers at `url` (a socket) and `tcp_url`."""

    folder: Path
    port: int
    extra: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    @property
    def tcp_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it listens."""
        options = {
            "port": str(self.port), "bind": "127.0.0.1", "unixsocket": str(self.socket), "unixsocketperm": "700",
            "dir": str(self.folder), "save": "", "appendonly": "no", "daemonize": "no",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [redis_server(), *arguments, *self.extra],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None, "redis-server ended by itself"
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
                return
            time.sleep(0.01)
        raise AssertionError("redis-server does not listen")

    def stop(self) -> None:
        """End it at once, as a machine that fails."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def running_redis(folder: Path, *extra: str) -> Iterator[RedisServer]:
    """A server until the block ends. `folder` has a short name: the path of a socket is at most 107 octets."""
    redis_server()
    with free_socket() as kept:  # so that nobody else gets its port, also while it is stopped
        server = RedisServer(folder, kept.getsockname()[1], extra)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def sentinel(folder: Path, master: RedisServer, *lines: str) -> Iterator[int]:
    """A sentinel that watches `master` under the name "register", with further `lines` in its configuration: its port."""
    with free_socket() as kept, _started_sentinel(folder, kept.getsockname()[1], master, *lines) as port:
        yield port


@contextlib.contextmanager
def _started_sentinel(folder: Path, port: int, master: RedisServer, *lines: str) -> Iterator[int]:
    config = folder / f"sentinel-{port}.conf"
    config.write_text(
        "\n".join(
            (
                f"port {port}", "bind 127.0.0.1", f"dir {folder}",
                f"sentinel monitor register 127.0.0.1 {master.port} 1",
                "sentinel down-after-milliseconds register 300", "sentinel failover-timeout register 2000", *lines,
            )
        )
    )  # fmt: skip
    with subprocess.Popen(
        [redis_server(), str(config), "--sentinel"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        assert any(b"+monitor master" in line for line in child.stdout)
        try:
            yield port
        finally:
            child.kill()
