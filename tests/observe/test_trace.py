"""The spans of one request."""

from contextvars import ContextVar

from gateway.events import LoginEnded, ProviderCalled, StoreCalled
from gateway.observe.trace import CallSpans, Trace
from gateway.observe.traceparent import TraceParent

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_stages_are_below_the_request_and_calls_below_their_stage() -> None:
    trace = Trace()
    current: ContextVar[Trace | None] = ContextVar("trace", default=None)
    calls = CallSpans(current)
    calls.on_event(ProviderCalled("keys", "ok", 0.1))
    current.set(trace)
    admit = trace.begin("admit")
    trace.end(admit)
    route = trace.begin("route")
    calls.on_event(StoreCalled("get", 0.001, True))
    calls.on_event(ProviderCalled("token", "refused", 0.25))
    calls.on_event(LoginEnded("ok"))
    trace.end(route, "login-failed")
    trace.identify(ID)
    trace.finish()
    spans = {span.name: span for span in trace.spans}
    assert list(spans) == ["request", "admit", "route", "store get", "provider token"]
    assert spans["admit"].parent_id == spans["route"].parent_id == trace.root.span_id
    assert spans["store get"].parent_id == spans["provider token"].parent_id == route.span_id
    assert [spans[name].error for name in ("admit", "route", "store get", "provider token")] == [
        "",
        "login-failed",
        "store-unavailable",
        "refused",
    ]
    asked = spans["provider token"]
    assert (asked.kind, asked.end - asked.start) == ("client", 250_000_000)
    assert trace.root.start <= admit.start <= admit.end <= route.end <= trace.root.end
    assert trace.trace_id == ID
    assert len({span.span_id for span in trace.spans}) == len(trace.spans)


def test_what_is_left_open_ends_with_the_request() -> None:
    trace = Trace()
    trace.begin("forward")
    trace.begin("upstream default", "client", trace.upstream_id)
    trace.finish()
    assert all(span.end >= span.start > 0 for span in trace.spans)
    trace.called("provider token", 0.1)
    assert len(trace.spans) == 3, "what goes on behind the request is no part of it"


def test_the_upstream_goes_on_with_the_trace_of_a_proxy() -> None:
    trace = Trace(TraceParent(ID, "00f067aa0ba902b7", True, b"a=1"))
    given = trace.for_upstream("1" * 32)
    assert given == TraceParent(ID, trace.upstream_id, True, b"a=1")
    assert trace.root.parent_id == "00f067aa0ba902b7"
    alone = Trace()
    assert alone.for_upstream("1" * 32).trace_id == "1" * 32
    named = Trace()
    named.identify("a-name-of-a-proxy")
    assert len(bytes.fromhex(named.trace_id)) == 16


def test_the_spans_of_one_request_are_bounded() -> None:
    trace = Trace()
    for _ in range(500):
        trace.end(trace.begin("stage"))
        trace.called("store get", 0.001)
    assert len(trace.spans) == 100
