"""The phases of the end of a listener, with real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.edge.drain import Drain, DrainedServer
from gateway.edge.protocol import protocol_class
from gateway.edge.second_listener import second_listener
from gateway.edge.settings import DrainSettings, EdgeSettings
from tests.running import free_socket

pytestmark = pytest.mark.anyio


class Application:
    """Answers `ok`; to /slow only once it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["raw_path"] == b"/slow":
            self.asked.set()
            await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Ended:
    """What is called while a drain runs, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def of(self, drain: Drain) -> asyncio.Task[None]:
        return asyncio.create_task(
            drain.run(
                retire=lambda: self.calls.append("retire"), end_streams=lambda: self.calls.append("streams")
            )
        )


@asynccontextmanager
async def serving(app: Application) -> AsyncIterator[tuple[DrainedServer, int]]:
    sock = free_socket()
    async with second_listener(app, sock, protocol_class(EdgeSettings())) as server:
        yield server, sock.getsockname()[1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def ask(self, target: str = "/") -> None:
        self.writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def answer(self) -> bytes:
        return await self.reader.readuntil(b"ok")

    async def rest(self) -> bytes:
        found = await self.reader.read()
        self.writer.close()
        return found


async def test_during_the_wait_all_is_served_and_each_answer_is_the_last_of_its_connection() -> None:
    app, ended = Application(), Ended()
    async with serving(app) as (server, port):
        kept, idle, slow = await Client.at(port), await Client.at(port), await Client.at(port)
        for each in (kept, idle):
            each.ask()
            assert b"connection: close" not in await each.answer()
        slow.ask("/slow")
        await app.asked.wait()
        drain = Drain(DrainSettings(wait=600.0, finish=600.0), [server])
        task = ended.of(drain)
        await asyncio.sleep(0)
        kept.ask()
        assert b"connection: close" in await kept.rest()
        late = await Client.at(port)
        late.ask()
        assert b"connection: close" in await late.rest()
        assert ended.calls == []
        drain.wait_no_longer()
        assert await idle.rest() == b""
        assert ended.calls == ["retire", "streams"]
        with pytest.raises(ConnectionRefusedError):
            await Client.at(port)
        app.go.set()
        assert b"connection: close" in await slow.rest()
        await asyncio.wait_for(task, 30)


async def test_a_request_that_arrives_as_its_connection_is_closed_is_answered() -> None:
    """What the kernel has is looked for first: to close then would reset the connection."""
    async with serving(Application()) as (server, port):
        client = await Client.at(port)
        client.ask()
        await client.answer()
        (connection,) = server.server_state.connections
        client.ask()
        # No round of the loop lies between the two, so that nothing was read.
        connection.shutdown()
        assert (await client.rest()).endswith(b"ok")


async def test_after_a_handover_nothing_new_is_taken_and_idle_connections_have_the_wait() -> None:
    app, ended = Application(), Ended()
    async with serving(app) as (server, port):
        idle, kept = await Client.at(port), await Client.at(port)
        for each in (idle, kept):
            each.ask()
            await each.answer()
        drain = Drain(DrainSettings(wait=600.0, finish=600.0), [server])
        drain.hand_over()
        task = ended.of(drain)
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await Client.at(port)
        kept.ask()
        assert b"connection: close" in await kept.rest()
        drain.hurry()
        assert await idle.rest() == b""
        await asyncio.wait_for(task, 30)
        assert ended.calls == ["streams"]


async def test_what_lasts_too_long_is_cut_and_each_hurry_ends_a_phase() -> None:
    app, ended = Application(), Ended()
    async with serving(app) as (server, port):
        slow = await Client.at(port)
        slow.ask("/slow")
        await app.asked.wait()
        drain = Drain(DrainSettings(wait=600.0, finish=600.0), [server])
        task = ended.of(drain)
        drain.hurry()
        drain.hurry()
        await asyncio.wait_for(task, 30)
        assert b"ok" not in await slow.rest()
        assert drain.begun


async def test_it_ends_as_soon_as_nothing_is_left() -> None:
    async with serving(Application()) as (server, _):
        drain = Drain(DrainSettings(wait=0.0, finish=600.0), [server])
        await asyncio.wait_for(Ended().of(drain), 30)
