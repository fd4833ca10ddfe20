"""A small HTTP proxy for tests that speaks CONNECT (RFC 9110 9.3.6), with or without TLS and a password of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """`asked` are the targets of requests, as HOST:PORT. `status` is what it answers instead of opening a tunnel.

    `reach` leads names that only the proxy knows to an address here.
    """

    password: str = ""
    status: int = 200
    reach: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    port: int = 0

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[ConnectProxy]:
        """The proxy at `port`, until the block ends."""
        tasks: set[asyncio.Task[None]] = set()

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            self.methods.append(method)
            self.asked.append(target)
            status = self.status if self._allowed(head) else 407
            if method != "CONNECT" or status != 200:
                writer.write(
                    b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n"
                    % (status if method == "CONNECT" else 405)
                )
                await writer.drain()
                return
            host, _, port = target.rpartition(":")
            there = self.reach.get(host, (host, int(port)))
            far_reader, far_writer = await asyncio.open_connection(*there)
            with contextlib.closing(far_writer):
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    def _allowed(self, head: str) -> bool:
        if not self.password:
            return True
        proof = b64encode(self.password.encode()).decode()
        return f"proxy-authorization: basic {proof}\r\n".lower() in head.lower() and proof in head


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await source.read(65_536):
            sink.write(octets)
            await sink.drain()
        sink.write_eof() if sink.can_write_eof() else sink.close()
