"""The body on its way to the register, and the client that leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import BadRequest, ContentTooLarge, RequestTimeout
from gateway.upstream.client_stream import ClientGone, ClientStream
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.connection_state import ConnectionState
from tests.upstream.requests import DISCONNECT, part, upstream_request
from tests.upstream.transports import connected


def stream(connection: UpstreamConnection, *messages: dict[str, Any], **framing: Any) -> ClientStream:
    connection.start("POST")
    request = upstream_request("POST", *messages, **framing)
    return ClientStream(request, connection, limit=10, timeout=0.05)


async def until_failed(connection: UpstreamConnection) -> None:
    while not connection.settled:
        await connection.wait(1)


@pytest.mark.parametrize(("length", "written"), [(5, b"hello"), (None, b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")])
async def test_the_body_goes_to_the_register_part_by_part(length: int | None, written: bytes) -> None:
    connection, transport = connected()
    client = stream(connection, part(b"he", more=True), part(b"llo"), length=length, has_body=True)
    client.start()
    await connection.wait(1)
    assert client.done
    assert client.sent == 5
    assert transport.written == written


async def test_without_a_body_the_request_is_sent_at_once() -> None:
    connection, _ = connected()
    client = stream(connection)
    client.start()
    assert client.done
    connection.data_received(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert connection.reusable


@pytest.mark.parametrize(
    ("messages", "length", "error"),
    [
        ([part(b"x" * 11)], 11, ContentTooLarge),
        ([part(b"x" * 6, more=True), part(b"x" * 5)], None, ContentTooLarge),
        ([part(b"x")], 5, BadRequest),
        ([part(b"x", more=True)], 5, RequestTimeout),
        ([part(b"x", more=True), DISCONNECT], 5, ClientGone),
    ],
    ids=["too-large", "too-large-chunked", "short", "stalled", "gone"],
)
async def test_a_body_that_goes_wrong_ends_the_exchange(
    messages: list[dict[str, Any]], length: int | None, error: type[Exception]
) -> None:
    connection, transport = connected()
    client = stream(connection, *messages, length=length, has_body=True)
    client.start()
    await until_failed(connection)
    for raising in (client, connection):
        with pytest.raises(error):
            raising.raise_for_error()
    assert transport.aborted
    assert not client.done


async def test_a_watched_client_that_leaves_ends_the_exchange() -> None:
    connection, _ = connected()
    client = stream(connection, part(b""), DISCONNECT)
    client.start()
    client.watch()
    await until_failed(connection)
    with pytest.raises(ClientGone):
        connection.raise_for_error()


async def test_a_stopped_stream_reads_nothing_more() -> None:
    connection, _ = connected()
    client = stream(connection, DISCONNECT)
    client.start()
    client.watch()
    client.stop()
    await asyncio.sleep(0)
    assert connection.state is ConnectionState.WAITING
