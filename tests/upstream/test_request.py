"""How a request is framed and written, and what of the register's own sessions is in it."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http_semantics import header_block
from gateway.model import NOTHING, CanonicalRequest
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.request import Framing, UpstreamRequest
from gateway.upstream.session_tags import Owner, SessionTags
from tests.upstream.requests import receiving, upstream_request


def canonical(*headers: tuple[bytes, bytes]) -> CanonicalRequest:
    return CanonicalRequest(
        *("id", "POST", "http", "gw.test", "/a b", ("a b",), b"/a%20b?", headers, NOTHING, "127.0.0.1"),
        viewer="script",
        language="en",
    )


@pytest.mark.parametrize(
    ("headers", "length", "has_body", "line"),
    [
        ((), None, False, b""),
        (((b"content-length", b"0"),), 0, False, b"content-length: 0\r\n"),
        (((b"content-length", b"12"),), 12, True, b"content-length: 12\r\n"),
        (((b"transfer-encoding", b"chunked"),), None, True, b"transfer-encoding: chunked\r\n"),
    ],
)
def test_the_body_is_framed_as_the_client_framed_it(
    headers: tuple[tuple[bytes, bytes], ...], length: int | None, has_body: bool, line: bytes
) -> None:
    framing = Framing.of(headers)
    assert (framing.content_length, framing.has_body) == (length, has_body)
    request = UpstreamRequest.of(canonical(*headers), b"x-a: 1\r\n", framing, receiving())
    assert (
        request.head(request.host) == b"POST /a%20b? HTTP/1.1\r\nhost: gw.test\r\nx-a: 1\r\n" + line + b"\r\n"
    )


@pytest.mark.parametrize(
    ("method", "length", "has_body", "closes"),
    [
        ("GET", 5, True, True),
        ("GET", None, True, True),
        ("OPTIONS", 5, True, True),
        ("DELETE", None, True, True),
        ("MOVE", 5, True, True),
        ("GET", 0, False, False),
        ("DELETE", None, False, False),
        ("POST", 5, True, False),
        ("PROPFIND", 5, True, False),
    ],
)
def test_no_other_request_follows_content_that_means_nothing(
    method: str, length: int | None, has_body: bool, closes: bool
) -> None:
    request = upstream_request(method, length=length, has_body=has_body)
    assert request.is_last is closes
    assert (b"\r\nconnection: close\r\n" in request.head(b"gw.test")) is closes


def test_the_host_can_be_another() -> None:
    assert b"host: register:8080\r\n" in upstream_request().head(b"register:8080")


def test_a_request_carries_the_sessions_of_its_owner_and_no_others() -> None:
    tags = SessionTags("ti", lambda: [b"k" * 32])
    asyncio.run(tags.start())
    sessions, owner = RegisterSessions(("JSESSIONID",), tags, origins=()), Owner(b"alice")
    mine = sessions.tagged_cookie(owner, b"JSESSIONID=0A1B")

    def request(*headers: tuple[bytes, bytes], target: bytes = b"/a;jsessionid=0A1B?q") -> UpstreamRequest:
        made = UpstreamRequest.of(
            canonical(*headers), header_block(headers), Framing.of(headers), receiving(), owner=owner
        )
        return made._replace(target=target)

    whole = request((b"a", b"1"), (b"x-cookie", b"x=1; " + mine), (b"cookie", b"x=1; " + mine), (b"b", b"2"))
    own = whole.with_own_sessions(sessions)
    assert own.lines == b"a: 1\r\nx-cookie: x=1; %b\r\ncookie: x=1; JSESSIONID=0A1B\r\nb: 2\r\n" % mine
    assert own.target == whole.target
    theirs = whole._replace(owner=Owner(b"bob")).with_own_sessions(sessions)
    assert theirs.lines == b"a: 1\r\nx-cookie: x=1; %b\r\ncookie: x=1\r\nb: 2\r\n" % mine
    assert theirs.target == b"/a?q"
    for headers, lines in (
        (((b"cookie", mine), (b"b", b"2")), b"b: 2\r\n"),
        (((b"b", b"2"), (b"cookie", mine)), b"b: 2\r\n"),
        (((b"cookie", mine),), b""),
        (((b"b", b"2"),), b"b: 2\r\n"),
    ):
        alone = request(*headers)._replace(owner=Owner(b"bob")).with_own_sessions(sessions)
        assert (alone.lines, alone.target) == (lines, b"/a?q")
        unread = request(*headers)._replace(owner=Owner(b"bob"), framing=Framing())
        assert unread.with_own_sessions(sessions).lines == lines
    plain = request((b"cookie", b"x=1"), target=b"/a")
    assert plain.with_own_sessions(sessions) is plain
