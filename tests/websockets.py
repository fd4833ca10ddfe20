"""Both ends of a WebSocket in octets: a client on a socket, and a register that agrees and then does as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from tests.running import little_kept
from tests.waiting import rounds

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x01\x02\x03\x04"


def accept_of(key: str) -> str:
    return b64encode(sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def frame(
    opcode: int, payload: bytes = b"", *, masked: bool = False, final: bool = True, rsv: int = 0
) -> bytes:
    """One frame as it is on the wire."""
    first = (0x80 if final else 0) | rsv | opcode
    mark = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, mark | len(payload))
    elif len(payload) < 65_536:
        head = struct.pack("!BBH", first, mark | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, mark | 127, len(payload))
    return head + (MASK + unmask(payload, MASK) if masked else payload)


def unmask(payload: bytes, mask: bytes) -> bytes:
    whole = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ whole).to_bytes(len(payload), "big")


def close(code: int, reason: str = "", *, masked: bool = False) -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode(), masked=masked)


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    final: bool = True
    rsv: int = 0
    masked: bool = False

    @property
    def code(self) -> int:
        return int.from_bytes(self.payload[:2], "big") if self.opcode == CLOSE else 0


def take_frame(data: bytes) -> tuple[Frame, bytes] | None:
    """The first frame and what follows it; None if it is not complete."""
    if len(data) < 2:
        return None
    length, at = data[1] & 0x7F, 2
    if length > 125:
        size = 2 if length == 126 else 8
        length, at = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    masked = bool(data[1] & 0x80)
    mask, at = (data[at : at + 4], at + 4) if masked else (b"", at)
    if len(data) < at + length:
        return None
    payload = data[at : at + length]
    payload = unmask(payload, mask) if masked else payload
    return Frame(data[0] & 0xF, payload, bool(data[0] & 0x80), data[0] & 0x70, masked), data[at + length :]


class Client:
    """A browser's side: `open` sends the handshake; what follows is in frames."""

    def __init__(self, port: int, *, patience: float = 30.0, read_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if read_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
        self.sock.settimeout(patience)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.head = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def open(self, path: str = "/ws", *lines: str, host: str = "gw.test", behind: bytes = b"") -> Client:
        """Send a handshake with these further lines, and these octets behind it; read the head of the answer."""
        self.sock.sendall(handshake(path, *lines, host=host) + behind)
        return self.read_head()

    def read_head(self) -> Client:
        while b"\r\n\r\n" not in self.rest:
            data = self.sock.recv(65_536)
            if not data:
                break
            self.rest += data
        self.head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return self

    @property
    def status(self) -> int:
        return int(self.head[9:12] or 0)

    def value(self, name: str) -> str | None:
        """The value of a header of the answer."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None

    def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        self.sock.sendall(frame(opcode, payload, masked=True, **options))

    def frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while (found := take_frame(self.rest)) is None:
            try:
                data = self.sock.recv(262_144)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.rest += data
        self.rest = found[1]
        return found[0]

    def until_close(self) -> tuple[list[Frame], int]:
        """The frames before the end, and the close code: 1006 without a Close frame. The Close is answered."""
        found: list[Frame] = []
        while (each := self.frame()) is not None:
            if each.opcode == CLOSE:
                with contextlib.suppress(OSError):
                    self.send(CLOSE, each.payload)
                while self.frame() is not None:
                    pass
                return found, each.code or 1005
            found.append(each)
        return found, 1006


def handshake(path: str = "/ws", *lines: str, host: str = "gw.test", key: str = KEY) -> bytes:
    head = [
        f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *lines,
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in (*head, "")).encode()


@dataclass
class Served:
    """One WebSocket at the register. `closed` is what it saw at the end: a close code, or "end" or "reset"."""

    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = b""
    closed: int | str = ""
    frames: list[Frame] = field(default_factory=list)

    async def frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while (found := take_frame(self.rest)) is None:
            try:
                data = await self.reader.read(262_144)
            except ConnectionError:
                data = b""
            if not data:
                self.closed = self.closed or "end"
                return None
            self.rest += data
        each, self.rest = found
        self.frames.append(each)
        if each.opcode == CLOSE:
            self.closed = each.code
        return each

    def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        self.writer.write(frame(opcode, payload, **options))

    def reset(self) -> None:
        """Close the connection with a reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def echo(served: Served) -> None:
    """Sends back what comes; answers pings and the Close."""
    while (each := await served.frame()) is not None:
        if each.opcode == PING:
            served.send(PONG, each.payload)
        elif each.opcode == CLOSE:
            served.send(CLOSE, each.payload)
            await served.writer.drain()
            return
        elif each.opcode != PONG:
            served.send(each.opcode, each.payload, final=each.final, rsv=each.rsv)
            await served.writer.drain()


def silent(_head: bytes) -> bytes:
    return b""


@dataclass
class SocketRegister:
    """A register that opens WebSockets. `lines` makes further lines of its 101 out of the request's head, `work` does what
    follows. `answer` is sent instead of a 101, `page` to other requests. `heads` and `served` keep what it saw.
    """

    port: int = 0
    lines: Callable[[bytes], bytes] = silent
    work: Callable[[Served], Awaitable[None]] = echo
    answer: bytes | None = None
    page: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    accept: Callable[[str], str] = accept_of
    heads: list[bytes] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Begin to accept connections, on the port that it had before."""
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", self.port, limit=1_000_000)
        little_kept(self.server.sockets[0])
        self.port = self.server.sockets[0].getsockname()[1]

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Connections are refused while the block runs."""
        assert self.server is not None
        self.loop.call_soon_threadsafe(self.server.close)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(60)

    def forget(self) -> None:
        """As at the start."""
        self.lines, self.work, self.answer, self.accept = silent, echo, None, accept_of
        self.heads.clear()
        self.served.clear()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                if b"upgrade: websocket" in head.lower() and self.answer is None:
                    await self._switch(head, reader, writer)
                    break
                writer.write(self.answer or self.page)
                await writer.drain()
        writer.close()

    async def _switch(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at = head.lower().index(b"sec-websocket-key: ") + 19
        accept = self.accept(head[at : head.index(b"\r\n", at)].decode())
        served = Served(head, reader, writer)
        self.served.append(served)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (accept.encode(), self.lines(head))
        )
        await self.work(served)


@contextlib.contextmanager
def socket_register(register: SocketRegister | None = None) -> Iterator[SocketRegister]:
    """That register on a free port, in a thread with its own event loop."""
    register = register or SocketRegister()
    loop = register.loop
    ready, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        await register.listen()
        ready.set()
        await stop.wait()
        assert register.server is not None
        register.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await rounds(10)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield register
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()
