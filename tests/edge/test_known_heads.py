"""Header lines that come again are not parsed again, and mean what they meant."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.edge.known_heads import KnownHeads, Repeated
from gateway.edge.refusals import Refused
from gateway.edge.request_reader import RequestReader
from gateway.edge.settings import EdgeSettings
from tests.edge.listening import get


def read(heads: KnownHeads, data: bytes) -> dict[str, Any] | str:
    """The scope of one request, read by a new connection, or why it was refused."""
    found = RequestReader(EdgeSettings(), {"type": "http"}, heads)
    try:
        taken = found.feed(data)
    except Refused as refused:
        return refused.reason
    assert found.scope is not None
    state = {
        name: getattr(found, name) for name in ("complete", "keep_alive", "has_body", "expects_continue")
    }
    return {**found.scope, **state, "taken": taken, "headers": list(found.scope["headers"])}


HEADS = [
    get("/a"),
    get("/a?b=c;d&e=%2F", "X-A: 1", "x-a: 2", "Cookie: a=1; b=2"),
    get("/a", method="HEAD"),
    get("/a", "Upgrade: websocket", "Connection: Upgrade"),
    get("/a", "upgrade: h2c", "X-Upgrade: kept"),
    get("/a", "Content-Length: 0"),
    get("/a", "Expect: 100-continue"),
    get("/a", "Connection: close"),
    get("/a", "Connection: keep-alive"),
    get("/a", version="1.0"),
    get("/a", "Connection: keep-alive", version="1.0"),
    get("/a", "Content-Length: 3") + b"abc",
    get("/a", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    get("/a", method="POST"),
    get("/a", "X-A : 1"),
    get("/a", " folded"),
    get("/a", "X-A: \x00"),
    get("http://gw.test/a"),
    get("*", method="OPTIONS"),
    get("/a<b"),
    get("/a#b"),
    get("/caf\xe9"),
    b"GET /a HTTP/1.1\r\n\r\n",
    b"\r\n" + get("/a"),
    get("/a") + get("/b"),
]


@pytest.mark.parametrize("first", HEADS)
def test_what_came_before_changes_nothing(first: bytes) -> None:
    for again in HEADS:
        heads = KnownHeads()
        read(heads, first)
        read(heads, first)
        assert read(heads, again) == read(KnownHeads(), again)


def test_a_request_in_the_place_of_header_lines_is_refused() -> None:
    heads = KnownHeads()
    read(heads, b"\r\n" + get("/a"))
    assert read(heads, b"GET /b HTTP/1.1\r\n" + get("/a")) == "malformed"


def test_repeated_lines_are_one_object_whatever_the_target() -> None:
    heads = KnownHeads()
    scopes = []
    for target in ("/a", "/b?c", "/d"):
        found = RequestReader(EdgeSettings(), {}, heads)
        found.feed(get(target, "X-A: 1"))
        assert found.scope is not None
        scopes.append(found.scope)
    assert [scope["raw_target"] for scope in scopes] == [b"/a", b"/b?c", b"/d"]
    assert type(scopes[0]["headers"]) is list
    assert type(scopes[1]["headers"]) is Repeated
    assert scopes[1]["headers"] is scopes[2]["headers"]


def test_what_is_remembered_is_bounded() -> None:
    heads = KnownHeads(most_octets=100)
    for number in range(1_000):
        heads.learn(b"x-number: %d\r\n\r\n" % number, [])
    assert 0 < len(heads) <= 100 // len(b"x-number: 1\r\n\r\n")
    assert heads.get(b"x-number: 999\r\n\r\n") is not None
    assert heads.get(b"x-number: 1\r\n\r\n") is None
    heads.learn(b"x-large: " + b"a" * 5_000, [])
    assert heads.get(b"x-large: " + b"a" * 5_000) is None
