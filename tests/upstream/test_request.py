"""How a request is framed and written."""

from __future__ import annotations

import pytest

from gateway.model import NOTHING, CanonicalRequest
from gateway.upstream.request import Framing, UpstreamRequest
from tests.upstream.requests import receiving, upstream_request


def canonical(*headers: tuple[bytes, bytes]) -> CanonicalRequest:
    return CanonicalRequest(
        *("id", "POST", "http", "gw.test", "/a b", ("a b",), b"/a%20b", b"", headers, NOTHING, "127.0.0.1"),
        navigation=False,
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


def test_the_host_can_be_another() -> None:
    assert b"host: register:8080\r\n" in upstream_request().head(b"register:8080")
