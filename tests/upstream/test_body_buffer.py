"""Parts come out in order, and reading pauses while too much waits."""

from __future__ import annotations

from gateway.upstream.body_buffer import HIGH_WATER, BodyBuffer
from tests.upstream.transports import RecordingTransport


def test_parts_come_out_in_order_as_one() -> None:
    buffer = BodyBuffer(RecordingTransport())
    assert buffer.take() == b""
    buffer.put(b"ab")
    buffer.put(b"c")
    assert len(buffer) == 3
    assert buffer.take() == b"abc"
    assert not buffer


def test_reading_pauses_above_high_water_until_the_parts_are_taken() -> None:
    transport = RecordingTransport()
    buffer = BodyBuffer(transport)
    buffer.put(b"x" * HIGH_WATER)
    assert transport.reading
    buffer.put(b"x")
    assert not transport.reading
    buffer.take()
    assert transport.reading


def test_a_closed_transport_is_not_resumed() -> None:
    transport = RecordingTransport()
    buffer = BodyBuffer(transport)
    buffer.put(b"x" * (HIGH_WATER + 1))
    transport.abort()
    buffer.take()
    assert not transport.reading
