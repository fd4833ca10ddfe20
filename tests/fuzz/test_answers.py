"""Whatever a register sends: its client gets exactly one answer, which looks complete only if it is, and nobody else any of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.budget import budget
from tests.fuzz.odd_answers import streams
from tests.fuzz.odd_requests import CUTS, cut_up
from tests.fuzz.strict import Answer, End, Incomplete, Malformed, answers, one_answer, requests
from tests.fuzz.wire import ClientEnd, Register, RegisterEnd, Wire, wire

_PATIENCE = 700.0
_OURS = (502, 504)
_CODES = (None, "answer-cut", "upstream-broken", "upstream-unreachable", "upstream-timeout")


class HostileRegister(Register):
    """Answers the first request with what it is given, and each later one with its own target."""

    def __init__(self, pieces: list[bytes], ends: End) -> None:
        super().__init__()
        self.pieces = pieces
        self.ends = ends
        self.hostile: RegisterEnd | None = None
        self.answered: dict[RegisterEnd, int] = {}

    def received(self, end: RegisterEnd) -> None:
        read = requests(end.written).whole
        for request in read[self.answered.get(end, 0) :]:
            if request.target == b"/first":
                self.hostile = end
                self.loose(end)
            else:
                end.send(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.target), request.target)
                )
        self.answered[end] = len(read)

    def loose(self, end: RegisterEnd) -> None:
        end.send(*self.pieces)
        if self.ends == "closed":
            end.send(None)
        elif self.ends == "reset":
            end.reset_then()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with wire(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


def ask(client: ClientEnd, method: bytes, target: bytes, version: bytes = b"1.1") -> None:
    body = b"Content-Length: 3\r\n\r\nabc" if method == b"POST" else b"\r\n"
    client.send(method + b" " + target + b" HTTP/" + version + b"\r\nHost: gw.test\r\n" + body)


def truth(octets: bytes, method: bytes, ends: End) -> Answer | None:
    """The answer that a strict reader sees; None where there is none, and not even the beginning of one."""
    try:
        return one_answer(octets, method, ends)[0]
    except (Malformed, Incomplete):
        return None


def received(client: ClientEnd, method: bytes, version: bytes) -> Answer:
    """The one answer that the client has; its framing must be right."""
    end: End = client.how if version == b"1.0" or client.how == "open" else "closed"
    found = answers(client.written, [method], end)
    assert found or client.how == "reset"
    return found[0] if found else Answer(0, [], b"", False)


def check(answer: Answer, true: Answer | None, gate: Wire) -> None:
    """A complete answer is the register's whole one or the gateway's own; a true one arrives."""
    record = gate.records[0]
    assert record.error in _CODES, record
    assert record.status != 500 or (true is not None and true.status == 500)
    if true is not None and true.complete:
        assert (answer.status, answer.complete) == (true.status, True)
        assert answer.body == true.body
        assert b"evil" not in answer.values(b"x-request-id")
    else:
        assert answer.status in _OURS or not answer.complete


@budget(70)
@given(
    octets=streams(),
    cuts=CUTS,
    ends=st.sampled_from(["open", "open", "closed", "reset"]),
    method=st.sampled_from([b"GET", b"GET", b"HEAD", b"POST"]),
    version=st.sampled_from([b"1.1", b"1.1", b"1.0"]),
    warm=st.booleans(),
)
def test_a_register_in_octets(
    gate: Wire, octets: bytes, cuts: list[int], ends: End, method: bytes, version: bytes, warm: bool
) -> None:
    register = HostileRegister(cut_up(octets, cuts), ends)
    gate.begin(register)
    if warm:
        others(gate, 1)
        gate.records.clear()
    client = gate.connect()
    ask(client, method, b"/first", version)
    assert gate.until(lambda: bool(gate.records), _PATIENCE), "the exchange hangs"
    gate.settle()
    check(received(client, method, version), truth(octets, method, ends), gate)
    if client.how == "open":
        ask(client, b"GET", b"/next")
        assert gate.until(lambda: client.written.endswith(b"/next"), 1.0, 0.01)
        assert len(answers(client.written, [method, b"GET"], client.how)) == 2
    others(gate, 3)
    client.reset()
    gate.settle()
    assert not gate.faults
    assert gate.app.areas.register.upstreams.default.pools[0].in_use == 0, "a connection was not given back"


def others(gate: Wire, number: int) -> None:
    """Several others ask at once, and get their own answers."""
    clients = [gate.connect() for _ in range(number)]
    for count, client in enumerate(clients):
        ask(client, b"GET", b"/other-%d" % count)
    for count, client in enumerate(clients):
        assert gate.until(lambda client=client: client.written, 2.0, 0.1)  # type: ignore[misc]
        answer = answers(client.written, [b"GET"], client.how)[0]
        assert (answer.status, answer.body) == (200, b"/other-%d" % count)
        client.reset()
    gate.settle()
