"""Runs an ASGI application on a port of this machine: chosen by the system where that is wanted, in a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket on this port; on a free one for 0. Raises OSError where it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def url_of(sock: socket.socket) -> str:
    """The address that people use for this socket."""
    return f"http://localhost:{sock.getsockname()[1]}"


@contextlib.contextmanager
def running(make: Callable[[str], Any], *, port: int = 0, **options: Any) -> Iterator[str]:
    """The URL of the application that `make` builds for that very URL, while the block runs."""
    sock = bind(port)
    settings: dict[str, Any] = {
        "log_level": "warning",
        "lifespan": "off",
        "ws": "websockets-sansio",
        "timeout_graceful_shutdown": 1,
    } | options
    server = uvicorn.Server(uvicorn.Config(make(url_of(sock)), **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the simulated system did not start")
            thread.join(0.01)
        yield url_of(sock)
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()
