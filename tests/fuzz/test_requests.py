"""Whatever a client sends: only what is HTTP without a doubt is judged, and exactly that reaches the register."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.budget import budget
from tests.fuzz.odd_requests import CUTS, conversations, cut_up
from tests.fuzz.strict import Answer, Request, Requests, answers, requests
from tests.fuzz.wire import ClientEnd, Register, RegisterEnd, Wire, wire

# The longest of the listener's times that a client can bring about here, and one of its looks more.
_PATIENCE = 200.0


class StrictRegister(Register):
    """Reads strictly and answers each request with its own target."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Request] = []
        self.answered: dict[RegisterEnd, int] = {}

    def received(self, end: RegisterEnd) -> None:
        read = requests(end.written)
        for request in read.whole[self.answered.get(end, 0) :]:
            self.seen.append(request)
            body = b"" if request.method == b"HEAD" else request.target
            end.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.target), body))
        self.answered[end] = len(read.whole)

    def check_the_rest(self) -> None:
        """Nothing that is no request was sent, and what was not finished was cut."""
        for end in self.connections:
            read = requests(end.written)
            assert read.why == "Incomplete", end.written
            whole = read.whole[-1].end if read.whole else 0
            assert len(end.written) == whole or end.how == "reset", end.written[whole:]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with wire(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


def converse(gate: Wire, pieces: list[bytes | None]) -> tuple[ClientEnd, StrictRegister]:
    """Let one client send this, and wait until its connection has ended."""
    register = StrictRegister()
    gate.begin(register)
    client = gate.connect()
    client.send(*pieces)
    assert gate.until(lambda: client.how != "open", _PATIENCE), "the connection hangs"
    return client, register


def check(gate: Wire, sent: bytes, client: ClientEnd, register: StrictRegister) -> None:
    """What must hold whatever was sent."""
    read = requests(sent)
    assert not gate.faults
    judged = check_what_was_judged(gate, read)
    check_what_was_answered(read, client)
    check_what_was_forwarded(gate, judged, register)
    for record in gate.records:
        assert record.status < 500, record


def check_what_was_judged(gate: Wire, read: Requests) -> list[Request]:
    """What reached the pipeline is what a strict reader sees, in its order. Returns it, with the bodies."""
    there = [each for each in read.whole if (each.method, each.target) != (b"OPTIONS", b"*")]
    if read.begun is not None:
        there.append(read.begun)
    assert len(gate.scopes) <= len(there), "a strict reader sees fewer requests"
    for scope, request in zip(gate.scopes, there, strict=False):
        assert scope["method"].encode() == request.method
        assert scope["raw_target"] == request.target
        expected = [line for line in request.fields if line[0] != b"upgrade"]
        assert [(name, value.rstrip(b" \t")) for name, value in scope["headers"]] == expected
    assert len(gate.records) == len(gate.scopes)
    return there


def check_what_was_answered(read: Requests, client: ClientEnd) -> None:
    """Each whole request has one answer, in order; after the last one the connection closes."""
    methods = [each.method for each in read.whole] + [b"GET"]
    found = answers(client.written, methods, "closed")
    assert all(each.complete for each in found)
    assert len(found) >= min(1, len(read.whole)), "not answered"
    for number, answer in enumerate(found, 1):
        assert answer.closes <= (number == len(found)), "closes, and goes on"
        assert answer.status not in (500, 502, 503, 504), answer
        if number > len(read.whole):
            assert answer.status >= 400, answer
        elif answer.status == 200 and read.whole[number - 1].method != b"HEAD":
            check_body(answer, read.whole[number - 1])
    if len(found) < len(read.whole):
        assert found[-1].closes, "a request was not answered"


def check_body(answer: Answer, request: Request) -> None:
    path = request.target.removeprefix(b"https://gw.test")
    if not path.startswith(b"/oauth2"):
        assert answer.body == (path if path.startswith(b"/") else b"/" + path)


def check_what_was_forwarded(gate: Wire, judged: list[Request], register: StrictRegister) -> None:
    """The register reads exactly what was judged: method, target and body."""
    register.check_the_rest()
    forwarded = [
        (record, request)
        for record, request in zip(gate.records, judged, strict=False)
        if record.decision is not None and record.status == 200
    ]
    assert len(register.seen) == len(forwarded)
    for (record, request), seen in zip(forwarded, register.seen, strict=True):
        assert (seen.method, seen.target) == (record.request.method.encode(), record.request.target)
        assert seen.body == request.body
        assert not {b"upgrade", b"te", b"expect", b"http2-settings"} & {name for name, _ in seen.fields}


@budget(200)
@given(octets=conversations(), cuts=CUTS, ends=st.booleans())
def test_a_client_in_octets(gate: Wire, octets: bytes, cuts: list[int], ends: bool) -> None:
    client, register = converse(gate, [*cut_up(octets, cuts), *([None] if ends else [])])
    check(gate, octets, client, register)
