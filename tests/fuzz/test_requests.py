"""Whatever a client sends: only what is HTTP without a doubt is judged, and exactly that reaches the register."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.edge.refusals import ADMITTED, REFUSED
from tests.fuzz.budget import budget
from tests.fuzz.odd_requests import CUTS, conversations, cut_up
from tests.fuzz.strict import Answer, Request, Requests, answers, requests
from tests.fuzz.wire import RULES, ClientEnd, Register, RegisterEnd, Wire, wire
from tests.gateway_fixture import gateway_fixture, scripted
from tests.upstream.raw_client import converse

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
            end.send(_echo(request))
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


def converse_by_hand(gate: Wire, pieces: list[bytes | None]) -> tuple[ClientEnd, StrictRegister]:
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
        # A login needs the provider, which is down here.
        assert record.status < 500 or (record.status == 503 and record.request.path.startswith("/oauth2")), (
            record
        )


def check_what_was_judged(gate: Wire, read: Requests) -> list[Request]:
    """What reached the pipeline is what a strict reader sees, in its order. Returns it, with the bodies."""
    last = [read.begun] if read.begun is not None else []
    there = [each for each in (*read.whole, *last) if not _asks_the_server(each)]
    assert len(gate.scopes) <= len(there), "a strict reader sees fewer requests"
    for scope, request in zip(gate.scopes, there, strict=False):
        assert scope["method"].encode() == request.method
        assert scope["raw_target"] == request.target
        expected = [line for line in request.fields if line[0] != b"upgrade"]
        headers = [(name, value.rstrip(b" \t")) for name, value in scope["headers"]]
        assert [line for line in headers if line[0] != b"upgrade"] == expected
    # What the listener refuses before the application looks at it has the listener's record.
    begun = [scope for scope in gate.scopes if ADMITTED in scope or REFUSED not in scope]
    assert len(gate.records) == len(begun)
    return there


def check_what_was_answered(read: Requests, client: ClientEnd) -> None:
    """Each whole request has one answer, in order; after the last one the connection closes."""
    methods = [each.method for each in read.whole] + [b"GET"]
    found = answers(client.written, methods, "closed")
    assert all(each.complete for each in found)
    assert len(found) >= min(1, len(read.whole)), "not answered"
    for number, answer in enumerate(found, 1):
        assert answer.closes <= (number == len(found)), "closes, and goes on"
        assert answer.status not in (500, 502, 504), answer
        asked = read.whole[number - 1] if number <= len(read.whole) else read.begun
        assert answer.status != 503 or (asked is not None and b"/oauth2" in asked.target), answer
        if number > len(read.whole):
            # A question about the server itself needs no body: its answer may come first, and ends the connection.
            early = read.begun is not None and _asks_the_server(read.begun) and answer.closes
            assert answer.status >= 400 or early, answer
        elif answer.status == 200 and read.whole[number - 1].method != b"HEAD":
            check_body(answer, read.whole[number - 1])
    if len(found) < len(read.whole):
        assert found[-1].closes, "a request was not answered"


def _asks_the_server(request: Request) -> bool:
    return (request.method, request.target) == (b"OPTIONS", b"*")


def check_body(answer: Answer, request: Request) -> None:
    path = re.sub(rb"(?i)\Ahttps://gw\.test(:443)?", b"", request.target)
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


_TO_A_LOGIN = b"GET /oauth2/session HTTP/1.1\r\nHost: gw.test\r\nAccept: text/html\r\n\r\n"
_ABOUT_THE_SERVER = b"OPTIONS * HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n"


@budget(90)
@given(octets=conversations(), cuts=CUTS, ends=st.booleans())
@example(octets=_ABOUT_THE_SERVER, cuts=[], ends=False)
@example(octets=_TO_A_LOGIN, cuts=[], ends=False)
def test_a_client_in_octets(gate: Wire, octets: bytes, cuts: list[int], ends: bool) -> None:
    client, register = converse_by_hand(gate, [*cut_up(octets, cuts), *([None] if ends else [])])
    check(gate, octets, client, register)


class _Echo(socketserver.BaseRequestHandler):
    """A register that reads strictly, over a socket."""

    def handle(self) -> None:
        octets, answered = b"", 0
        while data := self.request.recv(65_536):
            octets += data
            whole = requests(octets).whole
            for request in whole[answered:]:
                self.request.sendall(_echo(request))
            answered = len(whole)


class _EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


def _echo(request: Request) -> bytes:
    body = b"" if request.method == b"HEAD" else request.target
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.target), body)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where a gateway is served."""
    with _EchoServer(("127.0.0.1", 0), _Echo) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        with gateway_fixture(
            tmp_path_factory.mktemp("served"),
            provider=scripted,
            backend=f"http://127.0.0.1:{upstream.server_address[1]}",
            rules=RULES,
            session={"store": "memory:"},
            public_url="https://gw.test",
        ) as found:
            yield found.port
        upstream.shutdown()


@budget(20)
@given(octets=conversations(), cuts=st.lists(st.integers(0, 60_000), max_size=2))
def test_a_client_over_a_socket(port: int, octets: bytes, cuts: list[int]) -> None:
    # The client sends no more after this, so that the connection ends without a timeout.
    read = requests(octets)
    seen = converse(port, *cut_up(octets, cuts), half_close=True, patience=20.0, pause=0.001)
    assert seen.closed
    methods = [each.method for each in read.whole]
    found = answers(seen.raw, [*methods, b"GET"], "closed")
    assert all(answer.complete and answer.status not in (500, 502, 504) for answer in found)
    assert len(found) >= min(1, len(methods))
    for answer, request in zip(found, read.whole, strict=False):
        if answer.status == 200 and request.method != b"HEAD":
            check_body(answer, request)
