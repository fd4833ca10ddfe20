"""Which heads are passed on, and which log in a connection."""

from __future__ import annotations

import httptools
import pytest

from gateway.http_semantics import HeaderLines
from gateway.upstream.response_head import MAX_HEAD, check_head, is_connection_login


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
        (200, [(b"transfer-encoding", b"gzip, chunked")]),
        (200, [(b"transfer-encoding", b"identity")]),
        (200, [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")]),
    ],
)
def test_what_must_not_be_passed_on_is_refused(status: int, headers: HeaderLines) -> None:
    with pytest.raises(httptools.HttpParserError):
        check_head(status, headers)


def test_tabs_and_octets_above_ascii_pass() -> None:
    assert check_head(200, [(b"x-name", b"caf\xc3\xa9\t1")]) == (b"x-name",)


@pytest.mark.parametrize(
    ("credentials", "logs_in"),
    [(b"NTLM TlRM", True), (b" negotiate YII", True), (b"Basic bnRsbQ==", False), (b"Bearer ntlm", False)],
)
def test_credentials_that_log_in_a_connection_are_known(credentials: bytes, logs_in: bool) -> None:
    assert is_connection_login(credentials) is logs_in
