"""A connection to the register after its 101: what came behind it, pausing, and its ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.upstream import switched as module
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.switched import RegisterSocket
from tests.waiting import eventually
from tests.websockets import KEY, PONG, TEXT, Served, SocketRegister, frame, handshake, socket_register


class Guard:
    left = 0


class End:
    """What the tunnel would be told."""

    def __init__(self) -> None:
        self.data = b""
        self.did: list[str] = []
        self.pieces: list[int] = []
        self.guard = Guard()

    def received(self, data: bytes) -> None:
        self.data += data
        self.pieces.append(len(data))

    def __getattr__(self, name: str) -> Any:
        return lambda: self.did.append(name)


class Turns:
    """Turns that come when the test says so; until then nothing waits."""

    def __init__(self) -> None:
        self.time = True
        self.waiting: list[Callable[[], bool]] = []

    def has_time(self) -> bool:
        return self.time

    def wait(self, begin: Callable[[], bool]) -> None:
        self.waiting.append(begin)


@contextlib.asynccontextmanager
async def switched(
    register: SocketRegister, turns: Turns | None = None
) -> AsyncIterator[tuple[RegisterSocket, End]]:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(loop, KnownResponses()), "127.0.0.1", register.port
    )
    connection.start("GET")
    connection.may_switch()
    connection.write(handshake(key=KEY).lower().replace(KEY.lower().encode(), KEY.encode()))
    connection.request_sent()
    await connection.wait(5)
    assert connection.response.status == 101
    end = End()
    found = RegisterSocket(connection, end, turns or Turns())  # type: ignore[arg-type]
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


async def test_little_waits_for_a_register_that_reads_nothing() -> None:
    async def work(served: Served) -> None:
        await asyncio.sleep(3_600)

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            found.start()
            while not end.did:
                found.write(b"x" * 1_000)
                await asyncio.sleep(0)
            assert end.did == ["paused"]
            assert found._transport.get_write_buffer_size() <= 17_000


@pytest.mark.parametrize("behind", [True, False])
async def test_little_is_read_at_once_for_a_client_that_may_take_in_nothing(behind: bool) -> None:
    async def work(served: Served) -> None:
        if not behind:
            await served.frame()
        served.writer.write(b"x" * 400_000)
        await served.reader.read()

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            end.guard.left = 1_000_000
            await asyncio.sleep(0.05)
            found.start()
            found.write(frame(TEXT, b"a", masked=True))
            await eventually(lambda: end.data)
            found.pause_reading()
            await asyncio.sleep(0.05)
            assert max(end.pieces) <= 16_384
            found.resume_reading()
            await eventually(lambda: len(end.data) == 400_000)
            assert max(end.pieces) <= 16_384


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


async def _pongs(served: Served) -> None:
    served.writer.write(frame(PONG) * 50_000)
    await served.reader.read()


async def test_thousands_of_frames_are_passed_on_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONG", 0.0)
    turns = Turns()
    with socket_register(SocketRegister(work=_pongs)) as register:
        async with switched(register, turns) as (found, end):
            found.start()
            taken = 0
            while taken < 100_000:
                await eventually(lambda: turns.waiting or len(end.data) == 100_000)
                assert max(end.pieces) <= 4_096
                assert len(end.data) - taken <= 8_192  # a slice, and what came when nothing waited any more
                taken = len(end.data)
                if turns.waiting:
                    assert turns.waiting.pop()()
            assert end.data == frame(PONG) * 50_000


async def test_nothing_is_read_while_it_is_not_the_clients_turn() -> None:
    turns = Turns()
    turns.time = False
    with socket_register(SocketRegister(work=_pongs)) as register:
        async with switched(register, turns) as (found, end):
            found.start()
            await eventually(lambda: turns.waiting)
            found.pause_reading()
            found.resume_reading()
            await asyncio.sleep(0.05)
            assert (end.data, len(turns.waiting)) == (b"", 1)
            while len(end.data) < 100_000:
                await eventually(lambda: turns.waiting)
                assert turns.waiting.pop()()
            assert end.data == frame(PONG) * 50_000
            found.write(frame(PONG, masked=True))
            turns.wait(found._take_turn)  # type: ignore[arg-type]
            found.abort()
            assert not turns.waiting.pop()()


async def test_the_inside_of_a_frame_is_passed_on_as_it_comes() -> None:
    async def work(served: Served) -> None:
        served.writer.write(b"x" * 200_000)
        await served.reader.read()

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            end.guard.left = 1_000_000
            found.start()
            await eventually(lambda: len(end.data) == 200_000)
            assert max(end.pieces) > 4_096


async def test_what_came_behind_the_answer_may_stop_the_reading() -> None:
    async def work(served: Served) -> None:
        served.send(TEXT, b"early")
        await served.frame()

    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register) as (found, end):
            await asyncio.sleep(0.05)
            received = end.received

            def enough(data: bytes) -> None:
                received(data)
                found.pause_reading()

            end.received = enough  # type: ignore[method-assign]
            found.start()
            await eventually(lambda: end.data)
            assert not found._reading


async def test_last_words_that_wait_for_their_turn_come_before_the_end() -> None:
    async def work(served: Served) -> None:
        served.send(TEXT, b"last")
        await served.frame()

    turns = Turns()
    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register, turns) as (found, end):
            turns.time = False
            found.start()
            await eventually(lambda: found._waits == frame(TEXT, b"last"))
            found.connection_lost(None)
            assert end.data == frame(TEXT, b"last")
            assert end.did == ["lost"]


async def test_where_a_turn_fails_nothing_follows() -> None:
    async def work(served: Served) -> None:
        served.send(TEXT, b"x")
        await served.frame()

    turns = Turns()
    with socket_register(SocketRegister(work=work)) as register:
        async with switched(register, turns) as (found, end):
            turns.time = False
            found.start()
            await eventually(lambda: turns.waiting)

            def fails(_: bytes) -> None:
                raise RuntimeError("a fault")

            end.received = fails  # type: ignore[method-assign]
            with pytest.raises(RuntimeError, match="a fault"):
                turns.waiting[0]()
            await eventually(lambda: "lost" in end.did)
