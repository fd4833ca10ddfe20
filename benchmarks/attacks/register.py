"""A register that misbehaves by path, and has as many threads as a servlet container: `... register PORT`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import uvloop

_THREADS = 200
_BLOCK = b"z" * 65_536
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"


async def _cut() -> AsyncIterator[bytes]:
    yield _HEAD + b"content-length: 100000\r\n\r\n" + _BLOCK[:5_000]


async def _endless_head() -> AsyncIterator[bytes]:
    yield _HEAD
    for number in itertools.count():
        yield b"x-field-%d: value\r\n" % number


async def _huge_field() -> AsyncIterator[bytes]:
    yield _HEAD + b"x-big: " + b"a" * 200_000 + b"\r\ncontent-length: 2\r\n\r\nok"


async def _interim() -> AsyncIterator[bytes]:
    for _ in range(100_000):
        yield b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"


async def _bad_chunk() -> AsyncIterator[bytes]:
    yield _HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\nxx\r\n"


async def _too_long() -> AsyncIterator[bytes]:
    yield _HEAD + b"content-length: 2\r\n\r\nok" + _BLOCK


async def _endless_trailer() -> AsyncIterator[bytes]:
    yield _HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
    for number in itertools.count():
        yield b"x-trailer-%d: value\r\n" % number
        await asyncio.sleep(0.01)


async def _flood() -> AsyncIterator[bytes]:
    yield _HEAD + b"connection: close\r\n\r\n"
    for _ in range(1_000):
        yield _BLOCK


_BROKEN: dict[str, Callable[[], AsyncIterator[bytes]]] = {
    "cut": _cut, "endless-head": _endless_head, "huge-field": _huge_field, "interim": _interim,
    "bad-chunk": _bad_chunk, "too-long": _too_long, "endless-trailer": _endless_trailer, "flood": _flood,
}  # fmt: skip


class Register:
    """Answers at most so many requests at once."""

    def __init__(self, threads: int = _THREADS) -> None:
        self._threads = asyncio.Semaphore(threads)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. uvloop has a RuntimeError for one that is closed already."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, RuntimeError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                async with self._threads:
                    if not await self._answer(head, reader, writer):
                        break
        writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether another request can follow."""
        url = urlsplit(head.split(b" ", 2)[1].decode())
        kind = url.path.rpartition("/")[2]
        if kind in _BROKEN:
            async for part in _BROKEN[kind]():
                writer.write(part)
                await writer.drain()
            return False
        if kind == "hang":
            await reader.read(1)  # until the proxy gives up
            return False
        if kind == "stuck":
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(3_600)
        if kind == "sink":
            await _throw_away(head, reader)
        left = int(parse_qs(url.query)["n"][0]) if kind == "big" else 1_024
        writer.write(_HEAD + b"content-length: %d\r\n\r\n" % left)
        while left > 0:
            writer.write(_BLOCK[:left])
            left -= len(_BLOCK)
            await writer.drain()
        return True


async def _throw_away(head: bytes, reader: asyncio.StreamReader) -> None:
    """A request's body with a Content-Length."""
    _, _, rest = head.lower().partition(b"content-length:")
    left = int(rest.split(b"\r\n", 1)[0] or 0)
    while left > 0:
        part = await reader.read(min(left, 65_536))
        if not part:
            raise ConnectionError("the proxy is gone")
        left -= len(part)


async def main(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.start_server(Register().serve, "127.0.0.1", port, backlog=4_096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
