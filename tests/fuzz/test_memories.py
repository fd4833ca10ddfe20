"""What a gateway remembers of earlier requests changes nothing: it does what one does that remembers nothing."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.caching.known_lines import KnownLines
from gateway.caching.object_memo import ObjectMemo
from gateway.model import Identity, Organisation, Right
from gateway.observe.decision_record import Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.observe.record_memo import RecordMemo
from tests.fuzz.budget import budget
from tests.fuzz.repetitions import ANNA, BERT, Repetitions, Scripted, Step, pieces_of
from tests.fuzz.strict import Fields, requests
from tests.fuzz.wire import ClientEnd, Register, RegisterEnd, Wire, wire

RULES: list[Any] = [
    {"id": "open", "match": {"path": "/open/**"}, "require": ["anyone"]},
    {"id": "read", "match": {"path": "/read", "methods": ["GET"]}, "require": ["authenticated"]},
    {"id": "right", "match": {"path": "/right"}, "require": [{"right": {"right": "indiener"}}]},
    {
        "id": "told",
        "match": {"path": "/told"},
        "require": ["anyone"],
        "request_headers": {"set": {"X-Told": "so"}, "remove": ["Referer", "X-A"]},
        "response_headers": {"set": {"Cache-Control": "no-cache"}, "remove": ["ETag", "X-A"]},
        "cors": {"origins": ["https://other.test"], "expose": ["ETag"]},
    },
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
_PEERS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
_CHANGES: dict[str, Any] = {
    "edge": {"trusted_proxies": ["127.0.0.3/32"]},
    # A limit that one of the two reaches first would be a difference.
    "provider": {"login_limit": {"burst": 1_000_000, "every": "1ms"}},
}
_RIGHT = Right("OVAMGebruiker", "NonConformiteitenIndiener", "0123456789")
_PEOPLE = {
    ANNA: Identity("op", "anna", "Anna", organisation=Organisation("0123456789"), rights=(_RIGHT,)),
    BERT: Identity("op", "bert", "Bert"),
}
_EACH_TIME = {"iat", "exp", "nbf", "jti"}


class ScriptedRegister(Register):
    """Answers a request with the answer that its target names."""

    def __init__(self, answers: Sequence[Scripted]) -> None:
        super().__init__()
        self.answers = answers
        self.seen: list[Any] = []
        self.answered: dict[RegisterEnd, int] = {}

    def received(self, end: RegisterEnd) -> None:
        read = requests(end.written)
        for request in read.whole[self.answered.get(end, 0) :]:
            self.seen.append((request.method, request.target, _in_order(request.fields), request.body))
            number = re.search(rb"\?(\d)", request.target)
            answer = self.answers[int(number[1]) if number else 0]
            octets = answer.head + (b"" if request.method == b"HEAD" else answer.body)
            end.send(*pieces_of(octets, answer.cuts), *([None] if answer.closes else []))
        self.answered[end] = len(read.whole)


def _in_order(fields: Fields) -> Fields:
    """Without ids and times; of the order only what means something, that of lines with one name."""
    found = [(name, _without_times(value)) for name, value in fields if name != b"x-request-id"]
    return sorted(found, key=lambda line: line[0])


def _without_times(value: bytes) -> bytes:
    if not value.startswith(b"eyJ"):
        return value
    part = value.split(b".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return repr(sorted(item for item in claims.items() if item[0] not in _EACH_TIME)).encode()


class Side:
    """One of the two gateways, with its people."""

    def __init__(self, gate: Wire) -> None:
        self.gate = gate
        self.sessions = gate.app.areas.people.sessions
        self.tickets: dict[bytes, str] = {}
        self.names: dict[str, str] = {}
        self.encoder = RecordEncoder("ti", Pseudonyms(b"k" * 48, "ti"))

    def log_in(self) -> None:
        """Everybody begins a session."""
        self.names.clear()
        for word, identity in _PEOPLE.items():
            session, self.tickets[word] = self.gate.run(self.sessions.create(identity))
            self.names |= {session.id: f"session of {identity.subject}", self.tickets[word]: word.decode()}

    def converse(self, steps: Sequence[Step], answers: Sequence[Scripted]) -> list[dict[str, Any]]:
        """What each step led to."""
        register = ScriptedRegister(answers)
        self.gate.begin(register)
        self.log_in()
        clients: dict[int, ClientEnd] = {}
        found = [self.step(step, clients, register) for step in steps]
        for end in (*clients.values(), *register.connections):
            end.reset()
        self.gate.settle()
        return found

    def step(self, step: Step, clients: dict[int, ClientEnd], register: ScriptedRegister) -> dict[str, Any]:
        gate, client = self.gate, clients.get(step.connection)
        if client is None or client.how != "open":
            client = clients[step.connection] = gate.connect(_PEERS[step.connection])
        self.change_sessions(step)
        return self.sent(client, step.pieces, register)

    def sent(self, client: ClientEnd, pieces: Sequence[bytes], register: ScriptedRegister) -> dict[str, Any]:
        """What these octets of a client led to."""
        gate, before = self.gate, len(client.written)
        for seen in (gate.scopes, gate.records, register.seen):
            seen.clear()
        for piece in pieces:
            client.send(self.with_cookies(piece))
            gate.settle()
        gate.settle()
        return {
            "faults": list(gate.faults),
            "scopes": [self.plain(_of_scope(each)) for each in gate.scopes],
            "register": [self.plain(each) for each in register.seen],
            "client": _answers(self.plain(client.written[before:].decode("latin-1"))),
            "connection": client.how,
            "records": [self.record(each) for each in gate.records],
        }

    def change_sessions(self, step: Step) -> None:
        if step.renamed:
            ticket = self.tickets[step.renamed]
            session = self.gate.run(self.sessions.open(ticket))
            if session is not None:
                identity = replace(session.identity, given_name=f"{session.identity.given_name}x")
                self.gate.run(self.sessions.renew(ticket, session, identity))
        if step.ends:
            self.gate.run(self.sessions.end(self.tickets[step.ends]))

    def with_cookies(self, octets: bytes) -> bytes:
        for word, ticket in self.tickets.items():
            octets = octets.replace(word, f"{self.sessions.cookie_name}={ticket}".encode())
        return octets

    def plain(self, what: Any) -> str:
        """As text that is the same for both gateways."""
        text = what if isinstance(what, str) else repr(what)
        for found, name in self.names.items():
            text = text.replace(found, name)
        return text

    def record(self, entry: RecordEntry) -> str:
        same = entry._replace(request_id="0" * 32, now=0.0, seconds=0.0)
        request = entry.request
        if request is not None:
            request = request._replace(id="", headers=tuple(_in_order([*request.headers])))
        return self.plain(self.encoder.encode(same) + repr(request))


def _of_scope(scope: Any) -> Any:
    names = ("method", "raw_target", "path", "query_string", "http_version")
    return [scope[name] for name in names], scope["client"][0], sorted(scope["headers"], key=lambda line: line[0])  # fmt: skip


def _answers(text: str) -> str:
    """What the client got, without ids and times, with the lines of each head in order."""
    text = re.sub(r"(?mi)^(date|x-request-id): .*\r\n", "", text)
    # In pages: the reference, and when it was.
    text = re.sub(r"[0-9a-f]{32}|[0-9A-F]{4}-[0-9A-F]{4}|[0-9]{2}\.[0-9]{2}(\.[0-9]{2})? uur|[0-9]{2}:[0-9]{2}(:[0-9]{2})?", "", text)  # fmt: skip

    def ordered(head: re.Match[str]) -> str:
        first, *lines = head[0].split("\r\n")[:-2]
        return "\r\n".join((first, *sorted(lines, key=lambda line: line.partition(":")[0].lower()))) + "\r\n\r\n"  # fmt: skip

    return re.sub(r"HTTP/1\.1 \d{3}[^\r]*\r\n(?:[^\r\n]+\r\n)*\r\n", ordered, text)


@contextlib.contextmanager
def forgetful() -> Iterator[None]:
    """No header line is known from before, and with that no permission; nothing is computed once for many requests."""
    with (
        patch.object(KnownLines, "get", lambda *_: None),
        patch.object(ObjectMemo, "__call__", lambda memo, about: memo._make(about)),
        patch.object(RecordMemo, "__call__", lambda memo, entry: memo._make(entry)),
    ):
        yield


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    with (
        wire(tmp_path_factory.mktemp("warm"), RULES, **_CHANGES) as warm,
        wire(tmp_path_factory.mktemp("cold"), RULES, **_CHANGES) as cold,
    ):
        yield Side(warm), Side(cold)


@budget(100)
@given(seed=st.integers(0, 1 << 40))
def test_a_warm_gateway_does_what_a_cold_one_does(sides: tuple[Side, Side], seed: int) -> None:
    warm, cold = sides
    conversation = Repetitions(random.Random(seed))
    found = warm.converse(conversation.steps, conversation.answers)
    with forgetful():
        expected = cold.converse(conversation.steps, conversation.answers)
    for number, (is_so, should_be) in enumerate(zip(found, expected, strict=True)):
        for name, value in should_be.items():
            assert is_so[name] == value, (number, name, conversation.steps[number], conversation.answers)
