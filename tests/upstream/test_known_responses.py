"""Heads of answers that come again are not parsed again, and mean what they meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.caching.known_lines import RepeatedLines, VariedLines, parted
from gateway.errors import UpstreamBroken
from gateway.upstream.body_buffer import BodyBuffer
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.response_reader import ResponseReader
from tests.upstream.transports import RecordingTransport


def answer(*lines: str, status: str = "200 OK", version: str = "1.1", body: bytes = b"") -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/{version} {status}", *lines))
    return head.encode("latin-1") + b"\r\n" + body


def reader_of(known: KnownResponses, method: str = "GET") -> ResponseReader:
    reader = ResponseReader(BodyBuffer(RecordingTransport()), known)
    reader.begin(method)
    return reader


def said(reader: ResponseReader, *pieces: bytes) -> dict[str, Any] | str:
    """What the reader makes of an answer, or why it refuses it."""
    try:
        for piece in pieces:
            reader.feed(piece)
    except UpstreamBroken as broken:
        return broken.detail
    names = ("status", "complete", "keep_alive", "bodiless", "excess", "ends_at_close", "after_switch")
    return {
        **{name: getattr(reader, name) for name in names},
        # The order of names means nothing (RFC 9110 section 5.3).
        "headers": sorted(reader.headers, key=lambda line: line[0]),
        "body": reader.buffer.take(),
    }


TWO = "Content-Length: 2"
ANSWERS = [
    answer(TWO, body=b"ok"),
    answer(TWO, "Date: today", 'ETag: "1"', "X-A: 1", body=b"ok"),
    answer("Content-Length: 5", "Date: tomorrow", 'ETag: "2"', "X-A: 1", body=b"later"),
    answer("X-A: 1", "X-Request-Id: 7", TWO, body=b"ok"),
    answer("content-length:3", body=b"yes"),
    answer("Content-Length: 0"),
    answer(),
    answer("X-A: 1"),
    answer(TWO, body=b"o"),
    answer(TWO, body=b"ok!"),
    answer(TWO, body=b"ok") + answer(TWO, body=b"no"),
    answer(TWO, TWO, body=b"ok"),
    answer(TWO, "Content-Length: 3", body=b"ok"),
    answer("Content-Length: 02", body=b"ok"),
    answer("Content-Length: +2", body=b"ok"),
    answer("Content-Length: 2, 2", body=b"ok"),
    answer("Content-Length: -2", body=b"ok"),
    answer("Content-Length: \xb2", body=b"ok"),
    answer("Content-Length: 99999999999999999999", body=b"ok"),
    answer("Content-Length : 2", body=b"ok"),
    answer("Content-Length: 2 ", body=b"ok"),
    answer("Content-Length:", body=b""),
    answer(TWO, " folded", body=b"ok"),
    answer("X-A: 1", "Date: today", "\tfolded", TWO, body=b"ok"),
    answer("X-A: 1", " folded", TWO, body=b"ok"),
    answer(TWO, "Date:", body=b"ok"),
    answer(TWO, "Date: caf\xe9", body=b"ok"),
    answer(TWO, "Date: a\x00b", body=b"ok"),
    answer(TWO, "X-A: a\x01b", body=b"ok"),
    answer(TWO, "Connection: close", body=b"ok"),
    answer(TWO, "Connection: keep-alive", body=b"ok"),
    answer(TWO, "Connection: Content-Length", body=b"ok"),
    answer(TWO, "WWW-Authenticate: NTLM", status="401 No", body=b"ok"),
    answer(TWO, "Set-Cookie: a=1", body=b"ok"),
    answer("Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
    answer("Transfer-Encoding: chunked", TWO, body=b"ok"),
    answer("Transfer-Encoding: gzip", TWO, body=b"ok"),
    answer(TWO, version="1.0", body=b"ok"),
    answer(TWO, "Connection: keep-alive", version="1.0", body=b"ok"),
    answer(TWO, version="1.2", body=b"ok"),
    answer(status="204 No Content"),
    answer(TWO, status="204 No Content"),
    answer(status="304 Not Modified"),
    answer(TWO, 'ETag: "1"', status="304 Not Modified"),
    answer('ETag: "1"', status="304 Not Modified"),
    *(
        answer(*lengths, 'ETag: "1"', status=status)
        for status in ("304 Not Modified", "204 No Content")
        for lengths in (
            ["Content-Length: -1"],
            ["Content-Length: +5"],
            ["Content-Length: 1_0"],
            ["Content-Length: abc"],
            ["Content-Length: 5 5"],
            ["Content-Length: 5", "Content-Length: 6"],
            ["Content-Length: 12345678901234567890123"],
        )
    ),
    answer(TWO, f"ETag: {'a' * 140_000}", body=b"ok"),
    answer('ETag: "2"', status="304 Not Modified", body=b"ok"),
    answer(TWO, status="304", body=b"ok"),
    answer(TWO, status="200", body=b"ok"),
    answer(TWO, status="200 Fine: so\tfar", body=b"ok"),
    answer(TWO, status="404 Not Found", body=b"no"),
    answer(TWO, status="2000 OK", body=b"ok"),
    answer(TWO, status="99 OK", body=b"ok"),
    answer(status="100 Continue"),
    answer(status="100 Continue") + answer(TWO, body=b"ok"),
    answer(status="101 Switching Protocols"),
    answer("Connection: Upgrade", "Upgrade: a", status="101 Switching Protocols"),
    b"\r\n" + answer(TWO, body=b"ok"),
    b"\r\n\r\n" + answer(TWO, body=b"ok"),
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\nok123\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok",
    b"\r\n\r\n",
    b"ok\r\n\r\nok",
]


@pytest.mark.parametrize("first", ANSWERS)
def test_what_came_before_changes_nothing(first: bytes) -> None:
    for again in ANSWERS:
        known = KnownResponses()
        for _ in range(3):
            said(reader_of(known), first)
        for method in ("GET", "HEAD", "GET"):
            expected = said(reader_of(KnownResponses(), method), again)
            assert said(reader_of(known, method), again) == expected


@given(st.sampled_from(ANSWERS), st.data())
def test_a_known_head_in_pieces_means_the_same(whole: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, max(1, len(whole) - 1)))
    known = KnownResponses()
    for _ in range(3):
        said(reader_of(known), whole)
    pieces = (whole[:cut], whole[cut:])
    assert said(reader_of(known), *pieces) == said(reader_of(KnownResponses()), *pieces)


@pytest.mark.parametrize("whole", ANSWERS)
def test_one_reader_reads_one_answer_after_another(whole: bytes) -> None:
    known = KnownResponses()
    for _ in range(3):
        said(reader_of(known), whole)
    reader = reader_of(known)
    for each in (whole, whole, answer(TWO, body=b"ok"), whole):
        found = said(reader, each)
        assert found == said(reader_of(KnownResponses()), each)
        if isinstance(found, str) or not reader.complete or not reader.keep_alive:
            break
        reader.begin("GET")


def test_a_line_that_differs_leaves_the_others_known() -> None:
    known = KnownResponses()
    lines = []
    for date in ("1", "2", "3", "4", "4", "4"):
        reader = reader_of(known)
        reader.feed(answer(TWO, f"Date: {date}", "X-A: 1", body=b"ok"))
        lines.append(reader.headers)
    assert [type(each) for each in lines] == [
        list,
        list,
        VariedLines,
        VariedLines,
        VariedLines,
        RepeatedLines,
    ]
    assert len({id(parted(each)[0]) for each in lines[2:5]}) == 1


@pytest.mark.parametrize("line", ["Set-Cookie: a=1", "Transfer-Encoding: chunked", "Connection: close"])
def test_what_is_for_one_person_or_ends_the_connection_is_not_remembered(line: str) -> None:
    known = KnownResponses()
    for _ in range(3):
        reader = reader_of(known)
        reader.feed(answer(line, body=b"2\r\nok\r\n0\r\n\r\n"))
        assert type(reader.headers) is list


def test_heads_that_never_come_again_are_looked_at_seldom_and_cost_no_memory() -> None:
    known = KnownResponses()
    for number in range(10_000):
        reader = reader_of(known)
        reader.feed(answer(TWO, f"Content-Security-Policy: nonce-{number}", body=b"ok"))
        assert type(reader.headers) is list
    assert len(known) == 0
    kinds = []
    for _ in range(64):
        reader = reader_of(known)
        reader.feed(answer(TWO, "X-A: 1", body=b"ok"))
        kinds.append(type(reader.headers))
    assert kinds[-16:] == [VariedLines if kind is VariedLines else RepeatedLines for kind in kinds[-16:]]


def test_a_request_for_another_protocol_is_answered_by_the_parser() -> None:
    known = KnownResponses()
    for _ in range(3):
        said(reader_of(known), answer(TWO, body=b"ok"))
    reader = reader_of(known)
    reader.may_switch()
    reader.feed(answer("Connection: Upgrade", "Upgrade: a", status="101 Switching Protocols", body=b"frames"))
    assert reader.after_switch == b"frames"
