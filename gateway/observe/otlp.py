"""Traces in the form that collectors take: OTLP over HTTP, as protobuf (OpenTelemetry Protocol 1).

Written here, as the messages are few and their package is shadowed by another one (docs/decisions/0085). Numbers are those of
opentelemetry/proto/{collector/trace,trace,common,resource}/v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gateway.observe.trace import Traced, Value

CONTENT_TYPE: Final = "application/x-protobuf"
_SCOPE: Final = b"toegangspoort"
_KINDS: Final = {"internal": 1, "server": 2, "client": 3}
_ERROR: Final = 2
_VARINT, _FIXED, _OCTETS = 0, 1, 2


def encode(resource: Mapping[str, str], spans: Iterable[Traced]) -> bytes:
    """The body of a request to a collector (ExportTraceServiceRequest); `resource` says which gateway sends it."""
    of_scope = _octets(1, _octets(1, _SCOPE)) + b"".join(_octets(2, _span(each)) for each in spans)
    return _octets(1, _octets(1, _attributes(1, resource)) + _octets(2, of_scope))


def rejected(body: bytes) -> int:
    """How many spans the collector did not take, by its answer (ExportTraceServiceResponse); 0 where that cannot be read."""
    for number, partial_success in _fields(body):
        if number == 1 and isinstance(partial_success, bytes):
            return sum(
                count for each, count in _fields(partial_success) if each == 1 and isinstance(count, int)
            )
    return 0


def _span(traced: Traced) -> bytes:
    trace_id, state, span = traced
    said = span.attributes | ({"error.type": span.error} if span.error else {})
    return b"".join(
        (
            _octets(1, bytes.fromhex(trace_id)),
            _octets(2, bytes.fromhex(span.span_id)),
            _octets(3, state.encode("ascii")),
            _octets(4, bytes.fromhex(span.parent_id)),
            _octets(5, span.name.encode()),
            _number(6, _KINDS[span.kind]),
            _moment(7, span.start),
            _moment(8, max(span.start, span.end)),
            _attributes(9, said),
            _octets(15, _number(3, _ERROR)) if span.error else b"",
        )
    )


def _attributes(number: int, values: Mapping[str, Value]) -> bytes:
    return b"".join(
        _octets(number, _octets(1, name.encode()) + _octets(2, _value(value)))
        for name, value in values.items()
    )


def _value(value: Value) -> bytes:
    return _number(3, value) if isinstance(value, int) else _octets(1, value.encode())


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _moment(number: int, value: int) -> bytes:
    return _varint(number << 3 | _FIXED) + value.to_bytes(8, "little")


def _octets(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _OCTETS) + _varint(len(value)) + value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message that are numbers or octets, up to the first that is neither."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while at < len(message) and shift < 64:
            octet = message[at]
            value, shift, at = value | (octet & 0x7F) << shift, shift + 7, at + 1
            if octet < 0x80:
                break
        return value

    while at < len(message):
        tag = varint()
        if tag & 7 == _VARINT:
            yield tag >> 3, varint()
        elif tag & 7 == _OCTETS:
            length = varint()
            yield tag >> 3, message[at : at + length]
            at += length
        else:
            return
