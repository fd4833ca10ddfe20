"""Clients that ask one thing after another over connections that stay open, and keep every status they get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Seconds: a few hundred requests in a second leave the processor time for what happens meanwhile.
_PAUSE = 0.04


class Load:
    """What came of the requests so far: the status of each; a connection that broke is -1."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.stop = False

    async def client(self, port: int, path: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
        try:
            while not self.stop:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                self.statuses.append(int(head[9:12]))
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                await asyncio.sleep(_PAUSE)
        except (OSError, asyncio.IncompleteReadError):
            self.statuses.append(-1)
        finally:
            writer.close()


@asynccontextmanager
async def under_load(port: int, path: str, clients: int = 8) -> AsyncIterator[Load]:
    """Clients that ask for this path until the block ends."""
    load = Load()
    tasks = [asyncio.create_task(load.client(port, path)) for _ in range(clients)]
    try:
        yield load
    finally:
        load.stop = True
        await asyncio.gather(*tasks)
