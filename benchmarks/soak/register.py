"""A register for the soak, by path: ordinary pages, downloads, uploads, streams, and hostile answers.

`python -m benchmarks.soak.register [PORT]` prints its port. It says who it took the caller for.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.soak.client import Headers, read_body, read_head
from tests.websockets import CLOSE, accept_of, frame, take_frame

BLOCK = bytes(range(256)) * 256
_EVIL = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nEVIL"
_TICK_SECONDS = 0.25


@dataclass
class Exchange:
    """One request, and the way back."""

    method: str
    query: str
    headers: Headers
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def answer(self, body: bytes) -> None:
        self.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
        if self.method != "HEAD":
            self.writer.write(body)


async def page(exchange: Exchange) -> None:
    user = exchange.headers.get("x-forwarded-user", "")
    async for _ in read_body(exchange.reader, exchange.headers, of_request=True):
        pass
    exchange.answer(json.dumps({"user": user, "query": exchange.query}).encode())


async def download(exchange: Exchange) -> None:
    left = int(exchange.query)
    exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % left)
    while left:
        part = BLOCK[:left]
        exchange.writer.write(part)
        left -= len(part)
        await exchange.writer.drain()


async def upload(exchange: Exchange) -> None:
    digest = hashlib.sha256()
    async for part in read_body(exchange.reader, exchange.headers, of_request=True):
        digest.update(part)
    exchange.answer(digest.hexdigest().encode())


async def events(exchange: Exchange) -> None:
    user = exchange.headers.get("x-forwarded-user", "").encode()
    exchange.writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    for number in range(1 << 30):
        line = b"data: %b %d\n\n" % (user, number)
        exchange.writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        await exchange.writer.drain()
        await asyncio.sleep(_TICK_SECONDS)


async def socket(exchange: Exchange) -> None:
    """A WebSocket that sends back each message with the name of the caller, until the client closes."""
    user = exchange.headers.get("x-forwarded-user", "").encode()
    accept = accept_of(exchange.headers["sec-websocket-key"]).encode()
    exchange.writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-accept: %b\r\n\r\n" % accept
    )
    data = b""
    while part := await exchange.reader.read(65_536):
        data += part
        while found := take_frame(data):
            each, data = found
            payload = each.payload if each.opcode == CLOSE else user + b" " + each.payload
            exchange.writer.write(frame(each.opcode, payload))
            if each.opcode == CLOSE:
                await exchange.writer.drain()
                raise ConnectionError
        await exchange.writer.drain()


async def silent(_exchange: Exchange) -> None:
    await asyncio.sleep(3600)


async def cut(exchange: Exchange) -> None:
    exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nhalf")
    await exchange.writer.drain()
    raise ConnectionError


async def reset(exchange: Exchange) -> None:
    exchange.writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + BLOCK)
    await exchange.writer.drain()
    exchange.writer.transport.abort()


async def more(exchange: Exchange) -> None:
    exchange.answer(b"ok")
    exchange.writer.write(_EVIL)


async def late(exchange: Exchange) -> None:
    """A body after an answer to HEAD, or after a 204."""
    if exchange.method == "HEAD":
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(_EVIL))
    else:
        exchange.writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await asyncio.sleep(0.01)
    exchange.writer.write(_EVIL)


async def garbage(exchange: Exchange) -> None:
    exchange.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n\x00")


async def interim(exchange: Exchange) -> None:
    for _ in range(10_000):
        exchange.writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        await exchange.writer.drain()
    exchange.answer(b"ok")


_PAGES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "download": download, "upload": upload, "events": events, "silent": silent, "socket": socket, "cut": cut, "reset": reset,
    "more": more, "late": late, "garbage": garbage, "interim": interim,
}  # fmt: skip
HOSTILE = ("cut", "reset", "more", "late", "garbage", "interim")


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of the gateway."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while True:
            line, headers = await read_head(reader)
            method, target, _ = line.split(" ")
            path, _, query = target.partition("?")
            name = path.rpartition("/")[2]
            exchange = Exchange(method, query, headers, reader, writer)
            await _PAGES.get(name, page)(exchange)
            await writer.drain()
    writer.transport.abort()


async def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=1024, limit=1 << 18)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
