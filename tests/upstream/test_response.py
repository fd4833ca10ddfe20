"""What of an answer goes on to the client, and that the connection always comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import ContentTooLarge
from gateway.upstream.client_headers import ClientHeaders
from gateway.upstream.client_stream import FIRST, BodyLimits, ClientGone, ClientStream
from gateway.upstream.connection import ClientStalled, UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.response import AnswerCut, UpstreamResponse
from gateway.upstream.settings import UpstreamSettings
from tests.upstream.requests import DISCONNECT, part, upstream_request
from tests.upstream.transports import connected

HEAD = b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 4\r\n\r\n"


class Pool(ConnectionPool):
    """Keeps what is given back."""

    def __init__(self) -> None:
        super().__init__(UpstreamSettings.model_validate({"url": "http://127.0.0.1:1"}))
        self.released: list[UpstreamConnection] = []

    def release(self, connection: UpstreamConnection) -> None:
        self.released.append(connection)


class Client:
    """Takes in what is sent to it, once it is `ready`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self.ready.wait()
        self.messages.append(message)

    @property
    def body(self) -> list[tuple[bytes, bool]]:
        return [(message["body"], message["more_body"]) for message in self.messages[1:]]


async def answering(
    octets: bytes, *messages: dict[str, object], length: int | None = None
) -> tuple[UpstreamConnection, UpstreamResponse, Pool]:
    connection, _ = connected()
    connection.start("POST")
    request = upstream_request("POST", *messages, length=length, has_body=bool(length))
    client = ClientStream(request, BodyLimits(FIRST + 10, 1, 1))
    await client.prepare()
    client.start(connection)
    connection.data_received(octets)
    pool = Pool()
    settings = UpstreamSettings.model_validate(
        {"url": "http://127.0.0.1:1", "idle_timeout": "1s", "client_write_timeout": "50ms"}
    )
    return (
        connection,
        UpstreamResponse(connection, client, pool, for_client=ClientHeaders("own-"), settings=settings),
        pool,
    )


async def test_an_answer_that_is_there_is_one_part_and_needs_no_task() -> None:
    connection, found, pool = await answering(HEAD + b"body")
    tasks = asyncio.all_tasks()
    client = Client()
    await found.relay(client.send, [(b"x-a", b"1")])
    assert client.messages[0]["status"] == 200
    assert client.messages[0]["headers"][-1] == (b"x-a", b"1")
    assert client.body == [(b"body", False)]
    assert asyncio.all_tasks() == tasks
    assert (found.status, found.sent, found.received, found.complete) == (200, 0, 4, True)
    await found.aclose()
    assert pool.released == [connection]
    assert connection.reusable


async def test_an_answer_that_is_there_does_not_hold_its_connection_until_the_client_takes_it() -> None:
    connection, found, pool = await answering(HEAD + b"body")
    client = Client()
    client.ready.clear()
    relay = asyncio.create_task(found.relay(client.send))
    await asyncio.sleep(0)
    assert pool.released == [connection]
    client.ready.set()
    await relay
    assert client.body == [(b"body", False)]


async def test_parts_come_as_they_arrive_and_the_last_one_says_so() -> None:
    connection, found, pool = await answering(HEAD + b"bo")
    client = Client()
    relay = asyncio.create_task(found.relay(client.send))
    while len(client.messages) < 2:
        await asyncio.sleep(0)
    assert client.body == [(b"bo", True)]
    assert not found.complete
    connection.data_received(b"dy")
    await relay
    assert client.body == [(b"bo", True), (b"dy", False)]
    assert found.received == 4
    assert pool.released == [connection]


async def test_large_parts_are_sent_in_pieces() -> None:
    connection, found, _ = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
    client = Client()
    relay = asyncio.create_task(found.relay(client.send))
    await asyncio.sleep(0)
    connection.data_received(b"x" * 200_000)
    await relay
    assert [len(piece) for piece, _ in client.body] == [65_536, 65_536, 65_536, 3_392]
    assert [more for _, more in client.body] == [True, True, True, False]


async def test_an_answer_without_a_body_is_one_empty_part() -> None:
    _, found, _ = await answering(b"HTTP/1.1 204 No Content\r\n\r\n")
    client = Client()
    await found.relay(client.send)
    assert client.body == [(b"", False)]


async def test_a_register_that_breaks_off_cuts_the_answer() -> None:
    connection, found, pool = await answering(HEAD + b"bo")
    connection.connection_lost(None)
    client = Client()
    with pytest.raises(AnswerCut):
        await found.relay(client.send)
    assert client.body == [(b"bo", True)]
    await found.aclose()
    await found.aclose()
    assert pool.released == [connection]


async def test_a_client_that_leaves_ends_the_answer() -> None:
    _, found, _ = await answering(HEAD, DISCONNECT)
    with pytest.raises(ClientGone):
        await found.relay(Client().send)
    await found.aclose()


async def test_a_client_that_takes_in_nothing_cuts_the_answer() -> None:
    connection, found, _ = await answering(HEAD + b"bo")
    client = Client()
    client.ready.clear()
    relay = asyncio.create_task(found.relay(client.send))
    await asyncio.sleep(0)
    assert connection.waits_for_client_since is not None
    with pytest.raises(AnswerCut, match="took in nothing"):
        await relay
    await found.aclose()
    assert connection.waits_for_client_since is None


async def test_an_exchange_whose_connection_went_to_others_is_cut() -> None:
    connection, found, _ = await answering(HEAD + b"bo")
    connection.abandon(ClientStalled("stalled"))
    with pytest.raises(AnswerCut, match="stalled"):
        await found.relay(Client().send)


async def test_the_connection_of_the_client_closes_if_its_body_was_not_read() -> None:
    _, found, _ = await answering(HEAD + b"body", part(b"x" * FIRST, more=True), length=FIRST + 4)
    assert found.headers[-1] == (b"connection", b"close")
    await found.aclose()


async def test_a_body_that_turns_out_too_large_ends_the_answer_with_its_own_error() -> None:
    parts = [part(b"x" * FIRST, more=True), part(b"x" * 11)]
    _, found, _ = await answering(HEAD + b"bo", *parts, length=FIRST + 11)
    client = Client()
    with pytest.raises(ContentTooLarge):
        await found.relay(client.send)
    assert client.body == [(b"bo", True)]
    await found.aclose()
