"""A connection to the register after its 101: what came behind it, pausing, and its ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.switched import RegisterSocket
from tests.waiting import eventually
from tests.websockets import KEY, TEXT, Served, SocketRegister, frame, handshake, socket_register


class End:
    """What the tunnel would be told."""

    def __init__(self) -> None:
        self.data = b""
        self.did: list[str] = []

    def received(self, data: bytes) -> None:
        self.data += data

    def __getattr__(self, name: str) -> Any:
        return lambda: self.did.append(name)


@contextlib.asynccontextmanager
async def switched(register: SocketRegister) -> AsyncIterator[tuple[RegisterSocket, End]]:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(loop, KnownResponses()), "127.0.0.1", register.port
    )
    connection.start("GET")
    connection.response.may_switch()
    connection.write(handshake(key=KEY).lower().replace(KEY.lower().encode(), KEY.encode()))
    connection.request_sent()
    await connection.wait(5)
    assert connection.response.status == 101
    end = End()
    found = RegisterSocket(connection, end)  # type: ignore[arg-type]
    try:
        yield found, end
    finally:
        found.abort()
        await asyncio.sleep(0)


async def test_frames_behind_the_answer_and_after_it_arrive_in_order() -> None:
    async def work(served: Served) -> None:
        for number in range(100):
            served.send(TEXT, b"%d" % number)
        await served.frame()

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            await asyncio.sleep(0.05)  # whatever comes before the start waits
            assert end.data == b""
            found.start()
            whole = b"".join(frame(TEXT, b"%d" % number) for number in range(100))
            await eventually(lambda: end.data == whole)


@pytest.mark.parametrize("how", ["end", "reset"])
async def test_the_registers_end_is_reported(how: str) -> None:
    async def work(served: Served) -> None:
        if how == "reset":
            served.reset()

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            found.start()
            await eventually(lambda: end.did)
            if how == "end":
                assert end.did == ["ended"]
                found.close()
            await eventually(lambda: end.did[-1] == "lost")


async def test_what_the_register_does_not_read_is_reported() -> None:
    async def work(served: Served) -> None:
        await asyncio.sleep(0.2)
        await served.reader.read(100_000_000)
        while await served.reader.read(1_000_000):
            pass

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            found.start()
            for _ in range(400):
                found.write(b"x" * 100_000)
            assert end.did == ["paused"]
            await eventually(lambda: end.did == ["paused", "resumed"])
            found.end()
            await eventually(lambda: "ended" in end.did)


async def test_reading_pauses_where_the_client_has_enough() -> None:
    async def work(served: Served) -> None:
        while await served.frame() is not None:
            served.send(TEXT, b"more")

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            found.start()
            found.pause_reading()
            found.write(frame(TEXT, b"a", masked=True))
            await asyncio.sleep(0.05)
            assert end.data == b""
            found.resume_reading()
            await eventually(lambda: end.data == frame(TEXT, b"more"))
