"""One request as a trace: how long each of its stages took, and the calls that it made. No person and no path is in it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from secrets import token_bytes
from typing import Final, Literal, NamedTuple

from gateway.events import Event, ProviderCalled, StoreCalled
from gateway.observe.traceparent import TraceParent, trace_id_of

Kind = Literal["internal", "server", "client"]
Value = str | int
_MOST_SPANS: Final = 100
# Ids need to differ, not to be secret.
_ids: Final = Random(token_bytes(32))  # noqa: S311


def new_trace_id() -> str:
    """An id that no other trace has."""
    return f"{_ids.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """An id that no other span has."""
    return f"{_ids.getrandbits(64) or 1:016x}"


@dataclass(slots=True)
class Span:
    """A piece of work; times are in nanoseconds since the epoch. `error` is a code, empty where it went well."""

    name: str
    span_id: str
    parent_id: str
    start: int
    end: int = 0
    kind: Kind = "internal"
    error: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)


class Traced(NamedTuple):
    """A span that has ended, and the trace that it belongs to."""

    trace_id: str
    state: str
    span: Span


class Trace:
    """The spans of one request that is sampled. `parent` is that of a proxy that is trusted."""

    def __init__(self, parent: TraceParent | None = None) -> None:
        # The clock of the system may jump, that of the process doesn't.
        self._epoch = time.time_ns() - time.perf_counter_ns()
        self._parent = parent
        self.trace_id = parent.trace_id if parent is not None else ""
        self.root = Span(
            "request", new_span_id(), parent.span_id if parent else "", self._now(), kind="server"
        )
        self.upstream_id = new_span_id()
        self.spans = [self.root]
        self._under = [self.root]
        self.ended = False

    def _now(self) -> int:
        return self._epoch + time.perf_counter_ns()

    @property
    def state(self) -> str:
        """What goes along with the trace, from the proxy on."""
        return self._parent.state.decode("ascii") if self._parent is not None else ""

    def identify(self, request_id: str) -> None:
        """The id of the request is known: a trace that begins here has the same."""
        self.trace_id = self.trace_id or trace_id_of(request_id) or new_trace_id()

    def for_upstream(self, request_id: str) -> TraceParent:
        """What the upstream gets as its parent."""
        self.identify(request_id)
        return TraceParent(self.trace_id, self.upstream_id, True, self.state.encode("ascii"))

    def begin(self, name: str, kind: Kind = "internal", span_id: str = "") -> Span:
        """Begin a span below the one that was begun last; give it to `end`."""
        span = Span(name, span_id or new_span_id(), self._under[-1].span_id, self._now(), kind=kind)
        self._under.append(span)
        self._add(span)
        return span

    def end(self, span: Span, error: str = "") -> None:
        """It has ended, and with it what was begun below it."""
        span.end, span.error = self._now(), error
        if span in self._under:
            del self._under[self._under.index(span) :]

    def called(self, name: str, seconds: float, error: str = "") -> None:
        """A call to another server that has just ended."""
        now = self._now()
        start = now - int(seconds * 1e9)
        self._add(Span(name, new_span_id(), self._under[-1].span_id, start, now, "client", error))

    def _add(self, span: Span) -> None:
        if not self.ended and len(self.spans) < _MOST_SPANS:
            self.spans.append(span)

    def finish(self) -> None:
        """The request has ended, and all that is still open with it."""
        now = self._now()
        for span in self.spans:
            span.end = span.end or now
        self.ended = True
        self.identify("")


class CallSpans:
    """Notes the calls to the provider and the store in the trace of the request that makes them."""

    def __init__(self, current: ContextVar[Trace | None]) -> None:
        self._current = current

    def on_event(self, event: Event) -> None:
        """Take note of an event; those of no interest are ignored."""
        trace = self._current.get()
        if trace is None:
            return
        match event:
            case ProviderCalled(endpoint, result, seconds):
                trace.called(f"provider {endpoint}", seconds, "" if result == "ok" else result)
            case StoreCalled(operation, seconds, failed):
                trace.called(f"store {operation}", seconds, "store-unavailable" if failed else "")
            case _:
                pass
