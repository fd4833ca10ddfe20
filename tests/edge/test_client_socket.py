"""The socket of a client that does not read, resets, or leaves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

from gateway.edge.client_socket import ClientSocket
from gateway.edge.settings import EdgeSettings


class Side(asyncio.Protocol):
    """The gateway's side of a connection, with nothing behind its socket."""

    def __init__(self, **edge: Any) -> None:
        self.limits = EdgeSettings.model_validate(edge)
        self.not_read = 0
        self.received = b""
        self.lost = asyncio.Event()
        self.paused = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        loop = asyncio.get_running_loop()
        self.socket = ClientSocket(loop, transport, self.limits, not_read=self._count)

    def _count(self) -> None:
        self.not_read += 1

    def data_received(self, data: bytes) -> None:
        self.received += data

    def pause_writing(self) -> None:
        self.socket.pause_writing()
        self.paused.set()

    def resume_writing(self) -> None:
        self.socket.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.socket.lost()
        self.lost.set()


@contextlib.asynccontextmanager
async def connected(**edge: Any) -> AsyncIterator[tuple[Side, socket.socket]]:
    """Our side, and the client's socket."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(server.getsockname())
        client.setblocking(False)
        accepted, _ = server.accept()
        transport, side = await loop.connect_accepted_socket(lambda: Side(**edge), accepted)
        try:
            yield side, client
        finally:
            transport.abort()
            await asyncio.wait_for(side.lost.wait(), 30)


async def everything(client: socket.socket) -> bytes:
    raw = b""
    while data := await asyncio.get_running_loop().sock_recv(client, 65_536):
        raw += data
    return raw


async def test_little_waits_here_for_a_client_that_does_not_read() -> None:
    async with connected() as (side, _):
        piece = b"x" * 1_000
        while not side.paused.is_set():
            side.socket.write(piece)
            await asyncio.sleep(0)
        assert 0 < side.socket._transport.get_write_buffer_size() <= 16_384 + len(piece)


def test_a_client_that_does_not_read_loses_the_connection() -> None:
    async def main() -> None:
        async with connected(write_timeout="100ms") as (side, _):
            side.socket.write(b"x" * 8_000_000)
            assert side.socket.write_paused
            await asyncio.wait_for(side.lost.wait(), 30)
            assert side.not_read == 1

    asyncio.run(main())


def test_a_client_that_does_not_take_the_last_answer_cannot_hold_the_connection() -> None:
    async def main() -> None:
        async with connected(write_timeout="100ms") as (side, _):
            side.socket.write(b"x" * 8_000_000)
            side.socket.close()
            await asyncio.wait_for(side.lost.wait(), 30)

    asyncio.run(main())


def test_those_who_write_wait_until_the_client_has_read() -> None:
    async def main() -> None:
        async with connected() as (side, client):
            side.socket.write(b"x" * 8_000_000)
            waiter = asyncio.create_task(side.socket.writable.wait())
            reader = asyncio.create_task(everything(client))
            await asyncio.wait_for(waiter, 30)
            assert not side.socket.write_paused
            side.socket.close()
            assert len(await reader) == 8_000_000
            side.socket.write(b"after the end")
            assert side.not_read == 0

    asyncio.run(main())


def test_what_is_not_read_waits_at_the_client() -> None:
    async def main() -> None:
        async with connected() as (side, client):
            side.socket.pause_reading()
            side.socket.pause_reading()
            assert side.socket.read_paused
            await asyncio.get_running_loop().sock_sendall(client, b"later")
            await asyncio.sleep(0.05)
            assert side.received == b""
            side.socket.resume_reading()
            while side.received != b"later":
                await asyncio.sleep(0)

    asyncio.run(main())


def test_an_end_can_be_said_and_reading_goes_on() -> None:
    async def main() -> None:
        async with connected() as (side, client):
            side.socket.pause_reading()
            side.socket.write(b"last")
            side.socket.end()
            assert await everything(client) == b"last"
            client.send(b"more")
            while side.received != b"more":
                await asyncio.sleep(0)

    asyncio.run(main())


def test_a_reset_of_either_side_is_seen_by_the_other() -> None:
    async def main() -> None:
        async with connected() as (side, client):
            side.socket.pause_reading()
            assert not side.socket.is_reset()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            assert side.socket.is_reset()
        async with connected() as (side, client):
            side.socket.reset_when_closed()
            side.socket.close()
            await asyncio.wait_for(side.lost.wait(), 30)
            with contextlib.suppress(ConnectionResetError):
                assert await everything(client) is None, "an end instead of a reset"

    asyncio.run(main())


def test_a_local_socket_has_no_address() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            transport, side = await loop.connect_accepted_socket(Side, ours)
            assert (side.socket.client, side.socket.secure) == (None, False)
            assert not side.socket.is_reset()
            side.socket.abort()
            side.socket.abort()
            await asyncio.wait_for(side.lost.wait(), 30)
            assert transport.is_closing()

    asyncio.run(main())


async def test_a_hold_lasts_whoever_resumes() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (side, client):
        assert side.socket.hold_reading()
        assert not side.socket.hold_reading()
        await loop.sock_sendall(client, b"later")
        side.socket.pause_reading()
        side.socket.resume_reading()
        await asyncio.sleep(0.05)
        assert (side.received, side.socket.read_paused) == (b"", True)
        side.socket.pause_reading()
        assert side.socket.go_on_reading()
        await asyncio.sleep(0.05)
        assert (side.received, side.socket.read_paused) == (b"", True)
        side.socket.resume_reading()
        async with asyncio.timeout(5):
            while side.received != b"later":
                await asyncio.sleep(0.01)
        assert not side.socket.read_paused
        assert side.socket.hold_reading()
        side.socket.abort()
        assert not side.socket.go_on_reading()
        assert not side.socket.hold_reading()
