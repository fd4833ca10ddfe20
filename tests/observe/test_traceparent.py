"""What one server says to the next about a trace (W3C Trace Context)."""

import pytest

from gateway.observe.traceparent import TraceParent, read_parent, trace_id_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def read(*values: str, state: tuple[str, ...] = ()) -> TraceParent | None:
    lines = [(b"traceparent", value.encode()) for value in values]
    return read_parent([(b"accept", b"*/*"), *lines, *((b"tracestate", each.encode()) for each in state)])


def test_what_is_valid_goes_on() -> None:
    assert read(f"00-{TRACE}-{SPAN}-01") == TraceParent(TRACE, SPAN, True)
    assert read(f"00-{TRACE}-{SPAN}-02") == TraceParent(TRACE, SPAN, False)
    assert read(f"cc-{TRACE}-{SPAN}-01-what-the-future-brings") == TraceParent(TRACE, SPAN, True)
    found = read(f"00-{TRACE}-{SPAN}-01", state=("a=1", "b=2"))
    assert found == TraceParent(TRACE, SPAN, True, b"a=1,b=2")
    assert found.lines() == f"traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: a=1,b=2\r\n".encode()


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        (f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01"),
        (f"ff-{TRACE}-{SPAN}-01",),
        (f"00-{'0' * 32}-{SPAN}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"00-{TRACE.upper()}-{SPAN}-01",),
        (f"00-{TRACE}-{SPAN}-01-more",),
        (f"00-{TRACE}-{SPAN}-1",),
        (f"00-{TRACE}-{SPAN}-01\r\nx: y",),
        (f"00-{TRACE[1:]}-{SPAN}-01",),
        (f" 00-{TRACE}-{SPAN}-01",),
    ],
)
def test_what_is_not_valid_is_nothing(values: tuple[str, ...]) -> None:
    assert read(*values) is None


@pytest.mark.parametrize("state", ["a=1\x00", "x" * 513, "", "a=\u00e9"])
def test_a_state_that_is_not_valid_does_not_go_on(state: str) -> None:
    assert read(f"00-{TRACE}-{SPAN}-01", state=(state,)) == TraceParent(TRACE, SPAN, True)


@pytest.mark.parametrize(
    ("request_id", "trace_id"),
    [
        (TRACE, TRACE),
        ("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736", TRACE),
        ("r-12345678", None),
        ("0" * 32, None),
        ("", None),
    ],
)
def test_the_id_of_a_request_is_that_of_its_trace(request_id: str, trace_id: str | None) -> None:
    assert trace_id_of(request_id) == trace_id
