"""Real servers for tests: an ASGI app under uvicorn on a free port, and an upstream that answers with raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from tests.waiting import rounds


@dataclass
class Running:
    """A server that runs: its port and base URL."""

    port: int
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


def free_socket(*, shared: bool = False) -> socket.socket:
    """Bound, at a port that the system chose. `shared`: others may listen there too."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return sock


def little_kept(sock: socket.socket) -> socket.socket:
    """With a buffer in the kernel, also of each connection to it, that stays small however busy the machine is."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


def free_ports(number: int) -> list[int]:
    """Different ports on this machine that nothing listens on yet."""
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(free_socket()).getsockname()[1] for _ in range(number)]


@contextlib.contextmanager
def kept_ports(number: int) -> Iterator[list[int]]:
    """Different ports that nobody else gets before the block ends: processes that the test starts may listen there."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(number):
            sock = stack.enter_context(socket.socket())
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                sock.setsockopt(socket.SOL_SOCKET, option, 1)
            sock.bind(("127.0.0.1", 0))
            ports.append(sock.getsockname()[1])
        yield ports


class _Server(uvicorn.Server):
    """Leaves no connection behind whose client did not read all: its loop ends with it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await rounds(3)


@contextlib.contextmanager
def serving(app: Any, *, sock: socket.socket | None = None, **options: Any) -> Iterator[Running]:
    """Run an ASGI app in a thread until the block ends; `options` go to uvicorn.Config."""
    sock = sock or free_socket()
    options = {
        "log_level": "warning",
        "lifespan": "on",
        "server_header": False,
        "date_header": False,
        "ws": "none",
        "proxy_headers": False,
        "timeout_graceful_shutdown": 1,
    } | options
    config = uvicorn.Config(app, **options)
    server = _Server(config)
    ready = threading.Event()
    startup = server.startup

    async def announced(sockets: Any = None) -> None:
        await startup(sockets=sockets)
        ready.set()

    server.startup = announced  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        while not ready.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError("the server under test did not start")
        yield Running(sock.getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join(60)
        sock.close()


@dataclass
class RawUpstream:
    """Answers every request on a connection with scripted bytes.

    `begun` keeps the head of each request and `over` the number of its connection, `received` each request that came
    whole, with its body. With `reset` it answers with the end of the connection.
    """

    port: int = 0
    begun: list[bytes] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    connections: int = 0
    answer: Callable[[bytes], bytes | None] = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    close_after: bool = False
    # Requests that are answered with a reset: so many, or all of them.
    reset: int | bool = False
    read_body: bool = True
    loop: asyncio.AbstractEventLoop | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def clear(self) -> None:
        """Forget what was received."""
        self.settle()
        self.begun.clear()
        self.over.clear()
        self.received.clear()

    def drop(self) -> None:
        """Close every connection."""
        assert self.loop is not None
        for writer in self.writers:
            self.loop.call_soon_threadsafe(writer.close)

    def settle(self) -> None:
        """Wait until what was sent to it is noted."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(rounds(10), self.loop).result(60)


@contextlib.contextmanager
def raw_upstream(state: RawUpstream | None = None) -> Iterator[RawUpstream]:
    """A TCP server on a free port, in a thread with its own event loop."""
    state = state or RawUpstream()
    loop = state.loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()
    writers = state.writers

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        number = state.connections
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                state.begun.append(head)
                state.over.append(number)
                body = b""
                if state.read_body:
                    lower = head.lower()
                    if b"content-length:" in lower:
                        length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
                        body = await reader.readexactly(length)
                    elif b"transfer-encoding: chunked" in lower:
                        body = await reader.readuntil(b"0\r\n\r\n")
                state.received.append(head + body)
                if state.reset:
                    if state.reset is not True:
                        state.reset -= 1
                    writer.transport.abort()
                    return
                answer = state.answer(head)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                if state.close_after:
                    break
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=10_000_000)
        state.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        # What was accepted just now becomes a connection, which can be closed: a closed server only drops it.
        await rounds(10)
        server.close()
        await rounds(10)
        for writer in writers:
            writer.transport.abort()
        open_tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)
        await rounds(3)  # what was closed is let go of in the rounds of the loop that follow

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield state
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()
