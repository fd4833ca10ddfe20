"""Answers out of octets, however they are cut in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamBroken
from gateway.upstream.body_buffer import HIGH_WATER, STREAM, BodyBuffer
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.response_reader import ResponseReader
from tests.upstream.transports import RecordingTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read(*pieces: bytes, method: str = "GET") -> ResponseReader:
    reader = ResponseReader(BodyBuffer(RecordingTransport()), KnownResponses())
    reader.begin(method)
    for piece in pieces:
        reader.feed(piece)
    return reader


@pytest.mark.parametrize(
    ("version", "lines", "keep_alive", "ends_at_close"),
    [
        ("1.1", b"Content-Length: 2\r\n", True, False),
        ("1.1", b"Content-Length: 2\r\nConnection: close\r\n", False, False),
        ("1.0", b"Content-Length: 2\r\nConnection: keep-alive\r\n", False, False),
        ("1.1", b"", False, True),
        ("1.1", b"Transfer-Encoding: chunked \r\nConnection: close\r\n", False, False),
    ],
)
def test_framing_says_how_the_answer_ends(
    version: str, lines: bytes, keep_alive: bool, ends_at_close: bool
) -> None:
    reader = read(b"HTTP/%s 200 OK\r\n%s\r\n" % (version.encode(), lines))
    assert (reader.status, reader.keep_alive, reader.ends_at_close) == (200, keep_alive, ends_at_close)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_is_complete_with_its_head_and_keeps_its_length(
    method: str, head: bytes
) -> None:
    reader = read(head, method=method)
    assert reader.complete
    assert reader.bodiless
    assert reader.keep_alive
    assert not reader.excess
    assert [name for name, _ in reader.headers] in ([b"content-length"], [b"transfer-encoding"])
    assert read(head + b"hello", method=method).excess
    assert read(head + OK, method=method).excess


@pytest.mark.parametrize(
    ("octets", "headers"),
    [
        (b"X-A : b\r\nContent-Length: 2\r\n", [(b"x-a", b"b"), (b"content-length", b"2")]),
        (b"X-A \t : b : c\r\nContent-Length : 2\r\n", [(b"x-a", b"b : c"), (b"content-length", b"2")]),
        (b"Transfer-Encoding : chunked\r\n", [(b"transfer-encoding", b"chunked")]),
    ],
)
@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Early Hints\r\nLink : </a>\r\n\r\n"])
def test_a_blank_before_a_colon_is_taken_away(
    octets: bytes, headers: list[tuple[bytes, bytes]], before: bytes
) -> None:
    body = b"2\r\nok\r\n0\r\n\r\n" if b"chunked" in octets else b"a :b"[:2]
    whole = before + b"HTTP/1.1 200 OK\r\n" + octets + b"\r\n" + body
    for pieces in ([whole], [whole[at : at + 1] for at in range(len(whole))]):
        reader = read(*pieces)
        assert list(reader.headers) == headers
        assert reader.complete
        assert reader.keep_alive
        assert reader.buffer.take() == (b"ok" if b"chunked" in octets else b"a ")


@pytest.mark.parametrize("behind", [b" ", b"\t", b" \t", b"\t ", b"\t\t "])
@pytest.mark.parametrize("coding", [b"Transfer-Encoding: chunked", b"transfer-encoding :\tChunked"])
def test_a_blank_behind_the_coding_of_the_body_is_taken_away(coding: bytes, behind: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\n" + coding + behind + b"\r\nX-A: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    for pieces in ([whole], [whole[at : at + 1] for at in range(len(whole))]):
        reader = read(*pieces)
        assert reader.complete
        assert reader.keep_alive
        assert reader.buffer.take() == b"ok"


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nX A: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n : 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A \r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\nContent-Length: 3\r\n\r\nokk",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
def test_other_blanks_and_what_they_hid_are_no_valid_answer(octets: bytes) -> None:
    for pieces in ([octets], [octets[at : at + 1] for at in range(len(octets))]):
        with pytest.raises(UpstreamBroken):
            read(*pieces)


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9"])
def test_another_version_is_no_valid_answer(version: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(version + b" 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_head_of_blanks_that_never_ends_is_refused() -> None:
    with pytest.raises(UpstreamBroken):
        read(b"HTTP/1.1 200 OK\r\nX ", *([b" " * 1000] * 140))


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"2\r\nok\r\n0\r\nX-T: ", b"a"),
        (b"2\r\nok\r\n0\r\n", b"X-T: 1\r\n"),
        (b"2\r\nok\r\n2;x=", b"a"),
        (b"2\r\nok\r\n", b"0"),
    ],
)
def test_what_stands_around_a_body_is_bounded(begin: bytes, more: bytes) -> None:
    reader = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", begin)
    piece = more * (1_000 // len(more))
    with pytest.raises(UpstreamBroken, match="around the body"):
        for _ in range(140):
            reader.feed(piece)


def test_heads_and_parts_of_a_body_of_any_size_are_within_that_bound() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % (b"a" * 120_000)
    chunk = b"%x\r\n%b\r\n" % (60_000, b"b" * 60_000)
    reader = read(head, *([b"1;x=%b\r\n" % (b"y" * 50_000), b"c\r\n"] * 4), *([chunk] * 4))
    assert len(reader.buffer.take()) == 4 + 4 * 60_000
    reader.feed(b"0\r\n\r\n" + b"d" * 200_000)
    assert reader.complete
    assert reader.excess


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
@pytest.mark.parametrize("line", [b"HTTP/1.1 200 %b\r\n", b"HTTP/1.1 200 OK\r\nX-A: %b\r\n"])
def test_a_head_is_bounded_whether_it_comes_at_once_or_in_pieces(line: bytes, before: bytes) -> None:
    for size, fits in ((131_000, True), (131_072, False)):
        whole = before + line % (b"a" * size) + b"Content-Length: 2\r\n\r\n"
        for pieces in ([whole + b"ok"], [whole[:70_000], whole[70_000:] + b"ok"], [whole, b"ok"]):
            if fits:
                assert read(*pieces).complete
            else:
                with pytest.raises(UpstreamBroken, match="131072 bytes"):
                    read(*pieces)


@given(st.lists(st.integers(1, 40), max_size=20), st.sampled_from([b"X-A: 1", b"X-A : 1"]))
def test_where_the_pieces_begin_makes_no_difference(cuts: list[int], line: bytes) -> None:
    whole = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 5\r\n\r\na : b"
    pieces, rest = [], whole
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    reader = read(*[piece for piece in [*pieces, rest] if piece])
    assert reader.headers == [(b"x-a", b"1"), (b"content-length", b"5")]
    assert reader.complete
    assert reader.buffer.take() == b"a : b"


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\nConnection: close", b"HTTP/1.0 100 Continue"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_interim_answer_that_closes_leaves_the_connection_open_for_the_final_one(
    interim: bytes, size: int
) -> None:
    whole = interim + b"\r\n\r\n" + OK
    reader = read(*[whole[at : at + size] for at in range(0, len(whole), size)])
    assert (reader.status, reader.buffer.take()) == (200, b"ok")
    assert reader.complete
    assert not reader.excess
    assert not reader.keep_alive
    reader.begin("GET")
    reader.feed(OK)
    assert reader.keep_alive


def test_nothing_follows_the_final_answer_of_a_register_that_closes() -> None:
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    assert read(b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + final + OK).excess


def test_a_switch_with_a_blank_before_a_colon_is_one() -> None:
    frames = b"\x81\x08\na : b\n\n"
    reader = ResponseReader(BodyBuffer(RecordingTransport()), KnownResponses())
    reader.begin("GET")
    reader.may_switch()
    reader.feed(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade : websocket\r\nConnection: Upgrade\r\n\r\n" + frames
    )
    assert (reader.status, reader.after_switch) == (101, frames)
    assert reader.headers == [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
    assert not reader.excess


ANSWERS = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET"),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
        "GET",
    ),
    "chunked-head": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"),
    "head": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD"),
    "not-modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET"),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET"),
    "interim-close": (
        b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "GET",
    ),
    "blank": (b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", "GET"),
    "close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "GET"),
    "excess": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", "GET"),
    "unfinished": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "GET"),
}


def seen(reader: ResponseReader, name: str) -> tuple[object, ...]:
    octets, method = ANSWERS[name]
    reader.begin(method)
    reader.feed(octets)
    facts = (reader.status, list(reader.headers), reader.keep_alive, reader.ends_at_close, reader.bodiless)
    return (*facts, reader.complete, reader.excess, reader.buffer.take())


@given(st.lists(st.sampled_from(sorted(ANSWERS)), max_size=6))
def test_an_answer_reads_the_same_whatever_came_before_it(names: list[str]) -> None:
    reader = read()
    for name in names:
        assert seen(reader, name) == seen(read(), name)


@pytest.mark.parametrize(("length", "pauses"), [(HIGH_WATER, False), (HIGH_WATER + 1, True)])
def test_of_an_answer_that_cannot_be_taken_whole_little_waits(length: int, pauses: bool) -> None:
    transport = RecordingTransport()
    reader = ResponseReader(BodyBuffer(transport), KnownResponses())
    reader.begin("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length + b"x" * (STREAM - 1))
    assert transport.reading
    reader.feed(b"x")
    assert transport.reading is not pauses
    reader.buffer.take()
    assert transport.reading
