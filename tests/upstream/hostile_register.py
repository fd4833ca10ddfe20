"""A register that behaves as the last part of the path says: late bodies, resets, reading that stops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.waiting import rounds

EVIL = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nEVIL"
LATE = 0.003


@dataclass
class Hostile:
    port: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    # Refers to what waits for it: nothing else does where reading is paused, and it would be collected.
    never: asyncio.Event = field(default_factory=asyncio.Event)


def _ok(body: bytes = b"ok") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def _serve(state: Hostile, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    state.connections += 1
    person = b"nobody"
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        kind = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        state.requests[kind] += 1
        if kind == "hang":
            await state.never.wait()
        elif kind == "late-head":
            await _late(writer, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(EVIL))
        elif kind == "late-204":
            await _late(writer, b"HTTP/1.1 204 No Content\r\n\r\n")
        elif kind == "late-304":
            await _late(writer, b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n")
        elif kind == "late-length":
            await _late(writer, _ok())
        elif kind == "not-modified":
            writer.write(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n")
        elif kind == "reset":
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * 5000)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            writer.transport.abort()
            return
        elif kind == "large":
            writer.write(_ok(b"z" * 8_000_000))
        elif kind == "ntlm":
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"authorization: ntlm "):
                    person = line.rpartition(b" ")[2]
            writer.write(_ok(person))
        else:
            lower = head.lower()
            if b"content-length:" in lower:
                length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
            writer.write(_ok())
        await writer.drain()


async def _late(writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(head)
    await asyncio.sleep(LATE)
    writer.write(EVIL)


@contextlib.contextmanager
def hostile_register() -> Iterator[Hostile]:
    """Run it on a free port, in a thread with its own event loop."""
    state = Hostile()
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _serve(state, reader, writer)
        writer.transport.abort()

    async def main() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
        state.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        # What was accepted just now becomes a connection, which can be closed: a closed server only drops it.
        await rounds(10)
        server.close()
        # One that was being accepted makes a task of its own once its other one is cancelled.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await rounds(3)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield state
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()
