"""The cases of hostile and odd answers of a register, as octets from a real socket, through a whole gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.runners import UPSTREAM, meaning, runs
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.running import RawUpstream
from tests.upstream.raw_client import Answer, Conversation, converse

SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
# The gateway waits this long for its register; a case that holds the connection open holds it for longer.
LIMIT = "300ms"
# The cookie of the case files, and that of this gateway.
THEIRS, OURS = "__Host-gw_session", "tgp-ti-session"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    rules = [
        {"id": "all", "match": {"path": "/**", "methods": ["GET", "HEAD", "POST"]}, "require": ["anyone"]}
    ]
    limits = {"response_timeout": LIMIT, "idle_timeout": LIMIT}
    nobody = ScriptedProvider(issuer="http://localhost:9/op")
    with gateway_fixture(
        tmp_path_factory.mktemp("upstream"),
        provider=nobody,
        backend=RawUpstream(),
        rules=rules,
        upstream=limits,
    ) as found:
        yield found


class Seen:
    """The first answer that the client got."""

    def __init__(self, talk: Conversation, raw: str) -> None:
        self.talk = talk
        self.answer: Answer = talk.answers[0]
        self.sent_body = raw.encode("latin-1").partition(b"\r\n\r\n")[2]
        self.ok = self.answer.status == 200

    def cookies(self) -> list[str]:
        return [line.partition("=")[0] for line in self.answer.values("set-cookie")]


EXPECTED: dict[str, Callable[[Seen, Any], bool]] = {
    "status": lambda seen, allowed: seen.answer.status in allowed,
    # What the gateway itself answers, with 502, has a body of its own.
    "body": lambda seen, body: seen.answer.body == body.encode("latin-1") or seen.answer.status == 502,
    "body_if_200": lambda seen, body: seen.answer.body == body.encode("latin-1") or not seen.ok,
    "raw_body_same": lambda seen, _: seen.answer.body == seen.sent_body,
    "downstream_must_not_look_complete": lambda seen, _: (
        not seen.ok or (not seen.answer.complete and seen.talk.closed)
    ),
    "absent": lambda seen, names: not any(seen.answer.values(name) for name in names),
    "absent_cookie": lambda seen, name: name not in seen.cookies(),
    "present": lambda seen, names: all(seen.answer.values(name) for name in names),
    "single": lambda seen, names: all(len(seen.answer.values(name)) <= 1 for name in names),
    "header": lambda seen, pairs: all(seen.answer.values(name) == [value] for name, value in pairs.items()),
    "set_cookie_lines": lambda seen, number: len(seen.cookies()) == number,
    "first_byte_within_ms": lambda seen, limit: seen.talk.first_byte_after * 1000 < limit,
}
# `exp2`: what becomes of the next request, which always gets its own answer; takes whether it came over the same connection.
NEXT: dict[str, Callable[[bool], bool]] = {
    "upstream connection not reused": lambda same: not same,
    "next client request gets its own response": lambda _same: True,
}


@runs(
    UPSTREAM,
    fields=(
        "raw_response", "raw_response_parts", "close", "rst", "hold_open_s", "request_method",
        "request_body_bytes", "exp2",
    ),
    expected=EXPECTED,
)  # fmt: skip
def test_upstream_cases(gate: GatewayFixture, case: dict[str, Any]) -> None:
    raw: str = case.get("raw_response", "").replace(THEIRS, OURS)
    upstream: RawUpstream = gate.upstream
    upstream.clear()
    # By what is asked, not by number: what a kept connection loses is asked again over a fresh one.
    upstream.answer = lambda head: SECOND if b" /again " in head else raw.encode("latin-1")
    # Where a case doesn't close it, the connection stays open, and the gateway's limit ends the wait.
    upstream.close_after = bool(case.get("close")) and not case.get("hold_open_s")
    upstream.reset = bool(case.get("rst"))
    size = case.get("request_body_bytes")
    upstream.read_body = size is None
    method = case.get("request_method", "GET" if size is None else "POST")
    host = f"Host: localhost:{gate.port}\r\n"
    length = f"Content-Length: {size}\r\n" if size is not None else ""
    pieces = [f"{method} /x HTTP/1.1\r\n{host}{length}\r\n".encode(), *([b"a" * size] if size else [])]

    talk = converse(gate.port, *pieces, heads=(method == "HEAD",), patience=1.5)
    upstream.reset = False
    again = converse(gate.port, f"GET /again HTTP/1.1\r\n{host}\r\n".encode())

    assert talk.answers, "the client must get an answer"
    seen = Seen(talk, raw)
    for name, value in case["expected"].items():
        wanted = value.replace(THEIRS, OURS) if isinstance(value, str) else value
        assert EXPECTED[name](seen, wanted), (name, talk.raw[:300])
    assert again.answers, "the next request must get its own answer"
    assert (again.answers[0].status, again.answers[0].body) == (200, b"second")
    assert meaning(NEXT, case.get("exp2", "next client request gets its own response"))(
        upstream.over[-1] == upstream.over[-2]
    )
