"""Which heads are passed on, and how the answer behind them ends."""

from __future__ import annotations

import httptools
import pytest

from gateway.upstream.response_head import MAX_HEAD, HeaderLines, ResponseHead, read_head


def read(octets: bytes, headers: HeaderLines, status: int = 200) -> ResponseHead:
    parser = httptools.HttpResponseParser(object())
    parser.feed_data(octets)
    return read_head(parser, status, headers)


@pytest.mark.parametrize(
    ("version", "headers", "keep_alive", "ends_at_close"),
    [
        ("1.1", [(b"content-length", b"2")], True, False),
        ("1.1", [(b"content-length", b"2"), (b"connection", b"close")], False, False),
        ("1.0", [(b"content-length", b"2"), (b"connection", b"keep-alive")], False, False),
        ("1.1", [], False, True),
        ("1.1", [(b"transfer-encoding", b"gzip")], False, False),
    ],
)
def test_framing_says_how_the_answer_ends(
    version: str, headers: HeaderLines, keep_alive: bool, ends_at_close: bool
) -> None:
    lines = b"".join(b"%s: %s\r\n" % line for line in headers)
    head = read(b"HTTP/%s 200 OK\r\n%s\r\n" % (version.encode(), lines), headers)
    assert head == ResponseHead(200, headers, keep_alive, ends_at_close)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (199, []),
        (600, []),
        (200, [(b"x y", b"1")]),
        (200, [(b"x", b"1\x00")]),
        (200, [(b"x", b"1\r\ny: 2")]),
        (200, [(b"x", b"\x7f")]),
        (200, [(b"x", b"1" * MAX_HEAD)]),
    ],
)
def test_what_must_not_be_passed_on_is_refused(status: int, headers: HeaderLines) -> None:
    with pytest.raises(httptools.HttpParserError):
        read(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", headers, status)


def test_tabs_and_octets_above_ascii_pass() -> None:
    headers = [(b"x-name", b"caf\xc3\xa9\t1")]
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", headers).headers == headers
