"""What of an answer goes on to the client, and that the connection always comes back."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import ContentTooLarge
from gateway.upstream.client_stream import ClientGone, ClientStream
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.response import AnswerCut, UpstreamResponse, headers_for_client
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


def response(connection: UpstreamConnection, client: ClientStream, pool: Pool) -> UpstreamResponse:
    return UpstreamResponse(connection, client, pool, own_cookies=b"own-", idle_timeout=1)


def answering(
    octets: bytes, *messages: dict[str, object], length: int | None = None
) -> tuple[UpstreamConnection, UpstreamResponse, Pool]:
    connection, _ = connected()
    connection.start("POST")
    request = upstream_request("POST", *messages, length=length, has_body=bool(length))
    client = ClientStream(request, connection, limit=10, timeout=1)
    client.start()
    connection.data_received(octets)
    pool = Pool()
    return connection, response(connection, client, pool), pool


async def test_an_answer_that_is_there_is_one_part_and_needs_no_task() -> None:
    connection, found, pool = answering(HEAD + b"body")
    tasks = asyncio.all_tasks()
    parts = [(part, found.complete) async for part in found]
    assert parts == [(b"body", True)]
    assert asyncio.all_tasks() == tasks
    assert (found.status, found.sent, found.received) == (200, 0, 4)
    await found.aclose()
    await found.aclose()
    assert pool.released == [connection]
    assert connection.reusable


async def test_parts_come_as_they_arrive_and_the_last_one_says_so() -> None:
    connection, found, _ = answering(HEAD + b"bo")
    assert await anext(found) == b"bo"
    assert not found.complete
    connection.data_received(b"dy")
    assert await anext(found) == b"dy"
    assert found.complete
    assert found.received == 4
    await found.aclose()


async def test_an_answer_without_a_body_is_one_empty_part() -> None:
    _, found, _ = answering(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert [part async for part in found] == [b""]
    await found.aclose()


async def test_a_register_that_breaks_off_cuts_the_answer() -> None:
    connection, found, pool = answering(HEAD + b"bo")
    connection.connection_lost(None)
    assert await anext(found) == b"bo"
    with pytest.raises(AnswerCut):
        await anext(found)
    await found.aclose()
    assert pool.released == [connection]


async def test_a_client_that_leaves_ends_the_answer() -> None:
    _, found, _ = answering(HEAD, DISCONNECT)
    with pytest.raises(ClientGone):
        await anext(found)
    await found.aclose()


async def test_the_connection_of_the_client_closes_if_its_body_was_not_read() -> None:
    _, found, _ = answering(HEAD + b"body", length=4)
    assert found.headers[-1] == (b"connection", b"close")
    await found.aclose()


async def test_a_body_that_turns_out_too_large_ends_the_answer_with_its_own_error() -> None:
    _, found, _ = answering(HEAD + b"bo", part(b"x" * 11), length=11)
    assert await anext(found) == b"bo"
    with pytest.raises(ContentTooLarge):
        await anext(found)
    await found.aclose()


def test_headers_of_the_connection_and_own_cookies_stay_behind() -> None:
    headers = [
        *((b"connection", b"X-Once, content-length"), (b"x-once", b"1"), (b"content-length", b"0")),
        *((b"keep-alive", b"5"), (b"set-cookie", b"own-session=1"), (b"set-cookie", b"a=own-1")),
        (b"date", b"today"),
    ]
    assert headers_for_client(headers, b"own-") == [
        (b"content-length", b"0"),
        (b"set-cookie", b"a=own-1"),
        (b"date", b"today"),
    ]


def test_a_date_is_added_where_there_is_none() -> None:
    assert [name for name, _ in headers_for_client([], b"own-")] == [b"date"]
