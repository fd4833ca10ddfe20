"""Spans as protobuf, read by OpenTelemetry's own messages."""

import pytest

from gateway.observe.otlp import encode, rejected
from gateway.observe.trace import Span, Traced
from tests.collector import answered, spans_in

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_spans_come_out_as_they_went_in() -> None:
    start, end = 1_795_000_000_000_000_001, 1_795_000_000_400_000_000
    root = Span(
        "GET é", "0" * 15 + "1", "", start, end, "server", attributes={"status": 200, "long": "x" * 300}
    )
    call = Span("provider token", "f" * 16, root.span_id, 12, 11, "client", "error")
    resource = {"service.name": "toegangspoort", "empty": ""}
    first, second = spans_in(encode(resource, [Traced(ID, "a=1", root), Traced("0" * 31 + "1", "", call)]))
    assert first.resource == second.resource == resource
    assert (first.trace_id, first.span_id, first.parent_id, first.state) == (ID, "0" * 15 + "1", "", "a=1")
    assert (first.name, first.kind, first.start, first.end, first.failed) == ("GET é", 2, start, end, False)
    assert first.attributes == {"status": 200, "long": "x" * 300}
    assert (second.trace_id, second.span_id, second.parent_id) == ("0" * 31 + "1", "f" * 16, first.span_id)
    assert (second.kind, second.start, second.end, second.failed) == (3, 12, 12, True)
    assert second.attributes == {"error.type": "error"}


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**21, 2**62])
def test_numbers_of_every_size(number: int) -> None:
    span = Span("s", "0" * 15 + "1", "", 1, 2, attributes={"n": number})
    assert spans_in(encode({}, [Traced(ID, "", span)]))[0].attributes == {"n": number}


@pytest.mark.parametrize("count", [0, 1, 200, 70_000])
def test_what_a_collector_refuses(count: int) -> None:
    assert rejected(answered(count)) == count


@pytest.mark.parametrize(
    "body", [b"", b"\xff{}", b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x08\x05", b"{}"]
)
def test_an_answer_that_cannot_be_read(body: bytes) -> None:
    assert rejected(body) == 0
