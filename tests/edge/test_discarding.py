"""What comes after the end is read in large pieces, and nothing is made of it."""

from __future__ import annotations

import asyncio
import socket

from gateway.edge.discarding import DiscardingProtocol


class Heard(asyncio.BufferedProtocol):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.over = asyncio.Event()

    def get_buffer(self, sizehint: int) -> bytearray:
        self.calls.append("read")
        return bytearray(1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")
        self.over.set()

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")


async def test_the_protocol_hears_of_all_but_what_comes() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        heard, loop = Heard(), asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(lambda: DiscardingProtocol(heard), ours)
        transport.set_write_buffer_limits(0)
        transport.write(b"a" * 4_000_000)
        assert heard.calls == ["pause"]
        await loop.sock_sendall(theirs, b"b" * 1_000_000)
        left = 4_000_000
        while left:
            left -= len(await loop.sock_recv(theirs, 262_144))
        theirs.shutdown(socket.SHUT_WR)
        await asyncio.wait_for(heard.over.wait(), 10)
        assert heard.calls == ["pause", "resume", "lost"]
