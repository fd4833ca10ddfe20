"""The headers `traceparent` and `tracestate`, by which a trace goes from one server to the next (W3C Trace Context)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from gateway.http_semantics import HeaderLine

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
_HEADER: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?")
_STATE: Final = re.compile(rb"[ -~]{1,512}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_NOTHING: Final = "0" * 32
_SAMPLED: Final = 1


class TraceParent(NamedTuple):
    """The span of another server that caused a request; ids in hexadecimal digits, `state` is what goes along."""

    trace_id: str
    span_id: str
    sampled: bool
    state: bytes = b""

    def lines(self) -> bytes:
        """The header lines for the next server, each with its line end."""
        named = f"{self.trace_id}-{self.span_id}-{int(self.sampled):02x}".encode("ascii")
        state = b"tracestate: %b\r\n" % self.state if self.state else b""
        return b"traceparent: 00-%b\r\n%b" % (named, state)


def read_parent(headers: Iterable[HeaderLine]) -> TraceParent | None:
    """What the headers of a request say; None where there is nothing that is valid (section 3.2 and 4.3)."""
    parents: list[bytes] = []
    states: list[bytes] = []
    for name, value in headers:
        if name == TRACEPARENT:
            parents.append(value)
        elif name == TRACESTATE:
            states.append(value)
    found = _HEADER.fullmatch(parents[0]) if len(parents) == 1 else None
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == b"ff" or (version == b"00" and rest) or not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    state = b",".join(states)
    return TraceParent(
        trace_id.decode("ascii"),
        span_id.decode("ascii"),
        bool(int(flags, 16) & _SAMPLED),
        state if _STATE.fullmatch(state) else b"",
    )


def trace_id_of(request_id: str) -> str | None:
    """The id of the trace of a request that begins one: the same as that of the request, where it has its form."""
    digits = request_id.replace("-", "").lower()
    return digits if _TRACE_ID.fullmatch(digits) and digits != _NOTHING else None
