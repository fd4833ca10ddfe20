"""The body on its way to the register, and the client that leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import BadRequest, ContentTooLarge, RequestTimeout, UpstreamTimeout
from gateway.upstream.client_stream import FIRST, BodyLimits, ClientGone, ClientStream
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.connection_state import ConnectionState
from tests.upstream.requests import DISCONNECT, part, upstream_request
from tests.upstream.transports import RecordingTransport, connected

LIMITS = BodyLimits(size=FIRST + 10, receive=0.05, write=0.1)
LARGE = b"x" * FIRST


def stream(*messages: dict[str, Any], **framing: Any) -> ClientStream:
    return ClientStream(upstream_request("POST", *messages, **framing), LIMITS)


def started() -> tuple[UpstreamConnection, RecordingTransport]:
    connection, transport = connected()
    connection.start("POST")
    return connection, transport


async def until_failed(connection: UpstreamConnection) -> None:
    while not connection.settled:
        await connection.wait(1)


@pytest.mark.parametrize(("length", "written"), [(5, b"hello"), (None, b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")])
async def test_a_small_body_is_there_before_a_connection_is_needed_and_goes_at_once(
    length: int | None, written: bytes
) -> None:
    connection, transport = started()
    client = stream(part(b"he", more=True), part(b"llo"), length=length, has_body=True)
    await client.prepare()
    assert client.sent == 0
    client.start(connection)
    assert client.done
    assert client.sent == 5
    assert transport.written == written


async def test_a_large_body_goes_to_the_register_part_by_part() -> None:
    connection, transport = started()
    client = stream(
        part(LARGE, more=True), part(b"ab", more=True), part(b"c"), length=FIRST + 3, has_body=True
    )
    await client.prepare()
    client.start(connection)
    assert transport.written == LARGE
    assert not client.done
    await connection.wait(1)
    assert client.done
    assert transport.written == LARGE + b"abc"


async def test_without_a_body_the_request_is_sent_at_once() -> None:
    connection, _ = started()
    client = stream()
    client.start(connection)
    assert client.done
    connection.data_received(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert connection.reusable


FAULTS = pytest.mark.parametrize(
    ("messages", "length", "error"),
    [
        ([part(b"x" * (FIRST + 11))], FIRST + 11, ContentTooLarge),
        ([part(b"x" * 6, more=True), part(b"x" * (FIRST + 5))], None, ContentTooLarge),
        ([part(b"x")], 5, BadRequest),
        ([part(b"x", more=True)], 5, RequestTimeout),
        ([part(b"x", more=True), DISCONNECT], 5, ClientGone),
    ],
    ids=["too-large", "too-large-chunked", "short", "stalled", "gone"],
)


@FAULTS
async def test_a_body_that_goes_wrong_early_costs_no_connection(
    messages: list[dict[str, Any]], length: int | None, error: type[Exception]
) -> None:
    client = stream(*messages, length=length, has_body=True)
    with pytest.raises(error):
        await client.prepare()


@FAULTS
async def test_a_body_that_goes_wrong_later_ends_the_exchange(
    messages: list[dict[str, Any]], length: int | None, error: type[Exception]
) -> None:
    connection, transport = started()
    length = None if length is None else FIRST + length
    client = stream(part(LARGE, more=True), *messages, length=length, has_body=True)
    await client.prepare()
    client.start(connection)
    await until_failed(connection)
    for raising in (client, connection):
        with pytest.raises(error):
            raising.raise_for_error()
    assert transport.aborted
    assert not client.done


async def test_a_register_that_takes_in_nothing_ends_the_exchange() -> None:
    connection, transport = started()
    client = stream(part(LARGE, more=True), part(b"x", more=True), length=FIRST + 5, has_body=True)
    await client.prepare()
    connection.pause_writing()
    client.start(connection)
    await until_failed(connection)
    with pytest.raises(UpstreamTimeout):
        connection.raise_for_error()
    assert transport.aborted


async def test_a_client_that_leaves_while_the_register_takes_in_nothing_is_noticed() -> None:
    connection, _ = started()
    client = stream(part(LARGE, more=True), DISCONNECT, length=FIRST + 5, has_body=True)
    await client.prepare()
    connection.pause_writing()
    client.start(connection)
    await until_failed(connection)
    with pytest.raises(ClientGone):
        connection.raise_for_error()


async def test_what_arrived_while_the_register_took_in_nothing_is_not_lost() -> None:
    connection, transport = started()
    client = stream(
        part(LARGE, more=True), part(b"ab", more=True), part(b"c"), length=FIRST + 3, has_body=True
    )
    await client.prepare()
    connection.pause_writing()
    client.start(connection)
    for _ in range(5):
        await asyncio.sleep(0)
    assert transport.written == LARGE
    connection.resume_writing()
    await connection.wait(1)
    assert transport.written == LARGE + b"abc"
    assert client.done


async def test_while_the_client_is_waited_for_the_connection_says_since_when() -> None:
    connection, _ = started()
    client = stream(part(LARGE, more=True), length=FIRST + 5, has_body=True)
    await client.prepare()
    client.start(connection)
    assert connection.waits_for_client_since is None
    await asyncio.sleep(0)
    assert connection.waits_for_client_since is not None
    client.stop()


async def test_a_watched_client_that_leaves_ends_the_exchange() -> None:
    connection, _ = started()
    client = stream(part(b""), DISCONNECT)
    client.start(connection)
    client.watch()
    await until_failed(connection)
    with pytest.raises(ClientGone):
        connection.raise_for_error()


async def test_a_stopped_stream_reads_nothing_more() -> None:
    connection, _ = started()
    client = stream(DISCONNECT)
    client.start(connection)
    client.watch()
    client.stop()
    await asyncio.sleep(0)
    assert connection.state is ConnectionState.WAITING
