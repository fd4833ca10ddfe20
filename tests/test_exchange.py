"""The context of one request."""

from __future__ import annotations

from typing import Any

from gateway.errors import NotFound
from gateway.exchange import NOBODY, Caller, Exchange
from gateway.model import NOTHING, CanonicalRequest, Identity
from gateway.responses import Message
from gateway.session.sessions import Session
from gateway.upstream.progress import Progress

PROGRAM = Identity("https://op.test", "program", kind="machine")
REQUEST = CanonicalRequest(
    *("id", "GET", "http", "gw.test", "/a", ("a",), b"/a", (), NOTHING, "192.0.2.1"),
    viewer="script",
    language="nl",
)


def exchange(sent: list[Message]) -> Exchange:
    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        sent.append(message)

    return Exchange({"client": ("192.0.2.1", 5), "headers": []}, receive, send, 1_800_000_000.0)


async def test_cookies_and_the_id_go_along_with_whatever_response_there_is() -> None:
    sent: list[Message] = []
    asked = exchange(sent)
    asked.set_cookies.append("a=1")
    head = [(b"x", b"y"), (b"x-request-id", b"of the register")]
    await asked.send({"type": "http.response.start", "status": 403, "headers": head})
    await asked.send({"type": "http.response.body", "body": b"no"})
    assert asked.status == 403
    assert list(sent[0]["headers"]) == [
        (b"x", b"y"),
        (b"x-request-id", asked.id.encode()),
        (b"set-cookie", b"a=1"),
    ]
    assert sent[1]["body"] == b"no"


def test_the_id_stays_the_same_also_without_a_request() -> None:
    asked = exchange([])
    assert asked.id == asked.id
    assert len(asked.id) == 32
    assert asked.peer == "192.0.2.1"


def test_judging_again_knows_the_earlier_exchange_and_nobody_yet() -> None:
    asked = exchange([])
    asked.caller = Caller(program=PROGRAM)
    later = asked.again(1_800_000_060.0)
    assert later.earlier is asked
    assert (later.now, later.caller, later.scope) == (1_800_000_060.0, NOBODY, asked.scope)
    assert asked.caller.identity is PROGRAM


def test_a_request_that_was_not_for_the_register_was_not_delivered_in_part() -> None:
    asked = exchange([])
    assert asked.forwarded == "no"
    assert asked.delivered is None
    asked.request = REQUEST
    asked.progress = Progress("partly")
    assert asked.delivered == "partly"
    asked.error = NotFound("an own path")
    assert asked.delivered is None
    asked.error, asked.endpoint = None, "/oauth2/start"
    assert asked.delivered is None


def test_only_a_session_has_a_session_id() -> None:
    session = Session("0123456789abcdef", PROGRAM, 1.0, 2.0)
    assert Caller(session).session_id == "0123456789abcdef"
    assert Caller(program=PROGRAM).session_id is None
    assert NOBODY.session_id is None
