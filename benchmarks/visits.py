"""Clients that ask one thing after another and repeat nothing, and what became of each request."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

PAUSE: Final = 0.003


@dataclass
class Visits:
    """What clients got. `lost` has each request without its answer, `asked` the number of all."""

    pause: float = PAUSE
    """Seconds between an answer and the next request of one client."""
    asked: int = 0
    lost: list[str] = field(default_factory=list)
    slowest: float = 0.0
    stop: bool = False
    posted: set[str] = field(default_factory=set)
    served: Counter[str] = field(default_factory=Counter)
    """How many answers came from the gateway at each port, by what nginx says."""

    async def client(self, port: int, cookie: str, numbers: Iterator[int]) -> None:
        """One that asks one thing after the other, and repeats nothing. A connection stays open while the server lets it."""
        head = f"Host: localhost:{port}\r\nCookie: {cookie}\r\n"
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while not self.stop:
            number = next(numbers)
            what = ("GET /public/x", "GET /echo/x", f"POST /echo/{number}")[number % 3]
            body = "a=1" if what.startswith("POST") else ""
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            self.asked += 1
            begun = time.monotonic()
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(f"{what} HTTP/1.1\r\n{head}{length}\r\n{body}".encode())
                lines, answer = await _answer(reader)
            except (OSError, asyncio.IncompleteReadError) as problem:
                self.lost.append(f"{what}: {problem!r}")
                reader, lines = None, ""
            else:
                if not lines.startswith("http/1.1 200") or answer != b"ok":
                    self.lost.append(f"{what}: {lines.splitlines()[0]}")
                elif body:
                    self.posted.add(str(number))
                for line in lines.splitlines():
                    if line.startswith("x-served-by:"):
                        self.served[line.rpartition(":")[2]] += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)
            if reader is None or "connection: close" in lines:
                if writer is not None:
                    writer.close()
                reader = writer = None
            await asyncio.sleep(self.pause)
        if writer is not None:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "transfer-encoding: chunked" in lines:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return lines, body
    length = next(
        int(line.split(":")[1]) for line in lines.splitlines() if line.startswith("content-length:")
    )
    return lines, await reader.readexactly(length)
