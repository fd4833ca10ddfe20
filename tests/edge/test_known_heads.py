"""Header lines that come again are not parsed again, and mean what they meant."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.caching.known_lines import KnownLines, RepeatedLines, VariedLines, parted
from gateway.edge.admit import READ_AT_ADMISSION
from gateway.edge.known_heads import PASSING, known_heads
from gateway.edge.refusals import Refused
from gateway.edge.request_reader import RequestReader
from gateway.edge.settings import EdgeSettings
from tests.edge.listening import get


def read(heads: KnownLines, data: bytes) -> dict[str, Any] | str:
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
    get("/a", "Referer: https://gw.test/b"),
    get("/a", "referer: https://gw.test/c"),
    get(
        "/a",
        "Referer: https://gw.test/b",
        'If-None-Match: "1"',
        "IF-MODIFIED-SINCE: Thu, 26 Nov 2026 08:00:00 GMT",
    ),
    get("/a", "X-A: 1", "Referer: b"),
    get("/a", "Referer: b", "X-A: 1"),
    get("/a", "Referer:"),
    get("/a", "Referer: b "),
    get("/a", "Referer:b"),
    get("/a", "Referer:\tb"),
    get("/a", "Referer: caf\xe9"),
    get("/a", "Referer: a\tb"),
    get("/a", "Referer: a\x00b"),
    get("/a", "Referer: a", "Referer: b"),
    get("/a", "Referer: caf\xe9", "Referer: b"),
    get("/a", "Referer: b", "Referer: caf\xe9"),
    get("/a", "Referer: b", " folded"),
    get("/a", "X-A: 1", "Referer: b", "\tfolded"),
    get("/a", "Referer : b"),
    get("/a", "X-Referer: b"),
    get("/a", "Connection: referer", "Referer: b"),
]


def by_name(found: dict[str, Any] | str) -> dict[str, Any] | str:
    """The same with the lines of each name beside each other: the order of names means nothing (RFC 9110 5.3)."""
    if isinstance(found, str):
        return found
    return {**found, "headers": sorted(found["headers"], key=lambda line: line[0])}


@pytest.mark.parametrize("first", HEADS)
def test_what_came_before_changes_nothing(first: bytes) -> None:
    for again in HEADS:
        heads = known_heads()
        for _ in range(3):
            read(heads, first)
        for _ in range(3):
            assert by_name(read(heads, again)) == by_name(read(known_heads(), again))


def test_a_request_in_the_place_of_header_lines_is_refused() -> None:
    heads = known_heads()
    for _ in range(3):
        read(heads, b"\r\n" + get("/a"))
    assert read(heads, b"GET /b HTTP/1.1\r\n" + get("/a")) == "malformed"


def test_repeated_lines_are_one_object_whatever_the_target() -> None:
    heads = known_heads()
    scopes = []
    for target in ("/a", "/a", "/b?c", "/d"):
        found = RequestReader(EdgeSettings(), {}, heads)
        found.feed(get(target, "X-A: 1"))
        assert found.scope is not None
        scopes.append(found.scope)
    assert [scope["raw_target"] for scope in scopes] == [b"/a", b"/a", b"/b?c", b"/d"]
    assert [type(scope["headers"]) for scope in scopes] == [list, list, RepeatedLines, RepeatedLines]
    assert scopes[2]["headers"] is scopes[3]["headers"]


def test_a_line_that_differs_leaves_the_others_known() -> None:
    heads = known_heads()
    for _ in range(2):
        read(heads, get("/a", "Referer: 1", "X-A: 1"))
    lines = []
    for referer in (b"2", b"3", b"3", b"3"):
        found = RequestReader(EdgeSettings(), {}, heads)
        found.feed(get("/a", f"Referer: {referer.decode()}", "X-A: 1"))
        assert found.scope is not None
        lines.append(found.scope["headers"])
        assert sorted(lines[-1]) == sorted([(b"host", b"gw.test"), (b"x-a", b"1"), (b"referer", referer)])
    assert [type(each) for each in lines] == [VariedLines, VariedLines, VariedLines, RepeatedLines]
    assert len({id(parted(each)[0]) for each in lines[:3]}) == 1


def test_more_lines_than_allowed_are_refused_also_where_most_are_known() -> None:
    most = EdgeSettings().max_headers - 1
    heads, lines = known_heads(), [f"X-{number}: 1" for number in range(most)]
    for _ in range(3):
        assert type(read(heads, get("/a", *lines))) is dict
    assert read(heads, get("/a", *lines, "Referer: b")) == "head-too-large"


def test_lines_that_pass_are_of_names_that_admission_does_not_read() -> None:
    assert READ_AT_ADMISSION.isdisjoint(PASSING)
