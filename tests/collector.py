"""A collector of traces for tests: takes OTLP over HTTP, and reads the protobuf."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import Response

from tests.running import serving
from tests.waiting import until


@dataclass(frozen=True)
class Seen:
    """A span as it arrived; ids in hexadecimal digits."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: int
    end: int
    failed: bool
    state: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Collector:
    """`status` is what it answers from now on; `rejects` how many spans of each batch it says it does not take."""

    url: str = ""
    status: int = 200
    rejects: int = 0
    spans: list[Seen] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        found = spans_in(await request.body())
        self.headers.append({**request.headers, ":path": request.url.path})
        if self.status == 200:
            self.spans += found
        await Response(answered(self.rejects), self.status)(scope, receive, send)

    def trace(self, trace_id: str) -> dict[str, Seen]:
        """The spans of a trace by name, once its root has come."""
        found: dict[str, Seen] = {}

        def whole() -> bool:
            found.update({span.name: span for span in self.spans if span.trace_id == trace_id})
            return any(span.kind == 2 for span in found.values())

        assert until(whole, 20.0), f"no trace {trace_id}"
        return found

    def of_request(self, request_id: str) -> dict[str, Seen]:
        """The spans of the trace of a request."""
        roots: list[Seen] = []

        def there() -> bool:
            roots[:] = [
                span for span in self.spans if span.attributes.get("toegangspoort.request_id") == request_id
            ]
            return bool(roots)

        assert until(there, 20.0), f"no trace of request {request_id}"
        return self.trace(roots[0].trace_id)


def spans_in(body: bytes) -> list[Seen]:
    """The spans in the body of a request to a collector, read by OpenTelemetry's own messages."""
    message = ExportTraceServiceRequest()
    message.ParseFromString(body)
    found = []
    for group in message.resource_spans:
        resource = _values(group.resource.attributes)
        # Called scope_spans, or instrumentation_library_spans in the older messages that xds-protos brings.
        for of_scope in getattr(group, group.DESCRIPTOR.fields_by_number[2].name):
            found += [_seen(each, resource) for each in of_scope.spans]
    return found


def answered(rejected: int) -> bytes:
    """The answer of a collector that did not take so many spans: partial_success (1), rejected_spans (1)."""
    number, octets = rejected, bytearray()
    while number > 127:
        octets.append(number % 128 + 128)
        number //= 128
    octets.append(number)
    inner = b"\x08" + bytes(octets)
    return b"\x0a" + bytes([len(inner)]) + inner if rejected else b""


def _seen(span: Any, resource: dict[str, Any]) -> Seen:
    return Seen(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == 2,
        span.trace_state,
        _values(span.attributes),
        resource,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    """A collector that runs."""
    found = Collector()
    with serving(found, lifespan="off") as server:
        found.url = server.url
        yield found
