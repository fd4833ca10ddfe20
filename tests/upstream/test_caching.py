"""What caches may keep of an answer for one person: what the register says stays, what it doesn't say is private."""

from __future__ import annotations

import tracemalloc

import pytest

from gateway.upstream.client_headers import ClientHeaders
from gateway.upstream.session_tags import NOBODY, Owner

PERSON, PROGRAM = Owner(b"alice", b"cookie"), Owner(b"batch", b"authorization")
DATE = (b"date", b"Thu, 26 Nov 2026 10:00:00 GMT")
HTML, JSON = (b"content-type", b"Text/HTML; charset=utf-8"), (b"content-type", b"application/json")
NO_STORE, ASK_FIRST = (b"cache-control", b"no-store"), (b"cache-control", b"private, no-cache")
COOKIE = (b"vary", b"cookie")
Line = tuple[bytes, bytes]


def said(value: bytes) -> Line:
    return (b"cache-control", value)


def added(headers: list[Line], owner: Owner = PERSON, status: int = 200) -> list[Line]:
    kept = list(ClientHeaders("own-")([DATE, *headers], owner, status))
    assert kept[: len(headers) + 1] == [DATE, *headers]
    return kept[len(headers) + 1 :]


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        ([HTML], [NO_STORE]),
        ([], [NO_STORE]),
        ([(b"content-type", b"application/xhtml+xml")], [NO_STORE]),
        ([HTML, said(b" ")], [NO_STORE]),
        ([HTML, (b"pragma", b"no-cache")], [NO_STORE]),
        ([JSON], [ASK_FIRST, COOKIE]),
        ([JSON, (b"etag", b'"1"'), (b"vary", b"Accept")], [ASK_FIRST, COOKIE]),
        ([JSON, (b"vary", b"Accept, Cookie")], [ASK_FIRST]),
        ([JSON, (b"vary", b"Accept"), (b"vary", b"*")], [ASK_FIRST]),
        ([HTML, (b"expires", b"Thu, 01 Jan 1970 00:00:00 GMT")], [said(b"private"), COOKIE]),
        ([JSON, said(b"max-age=60")], []),
        ([JSON, said(b"public, immutable")], []),
        ([HTML, said(b"no-cache, no-store")], []),
        ([HTML, said(b"no-store"), said(b"private")], []),
        ([JSON, said(b"Private, max-age=60")], [COOKIE]),
        ([JSON, said(b"max-age=0"), said(b"no-cache")], [COOKIE]),
        ([JSON, said(b"no-transform")], [ASK_FIRST, COOKIE]),
        ([HTML, said(b"must-revalidate, x-private=1")], [NO_STORE]),
        ([JSON, said(b'private="set-cookie, public", no-cache = "age"')], [ASK_FIRST, COOKIE]),
        ([JSON, said(b'no-cache="set-cookie", PRIVATE')], [COOKIE]),
        ([JSON, said(b'no-cache="set-cookie", max-age=5')], []),
    ],
)
def test_the_answer_for_a_person(headers: list[Line], lines: list[Line]) -> None:
    assert added(headers) == lines


def test_of_long_values_nothing_is_remembered() -> None:
    for_client = ClientHeaders("own-")
    tracemalloc.start()
    try:
        for number in range(100):
            kind = (b"content-type", b"text/plain; %d" % number + b"x" * 100_000)
            assert list(for_client([DATE, kind], PERSON))[2:] == [ASK_FIRST, COOKIE]
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_answer_that_everybody_gets_stays_as_it_is() -> None:
    assert added([HTML], NOBODY) == added([JSON], NOBODY) == []


def test_a_program_is_known_by_another_header() -> None:
    assert added([JSON], PROGRAM) == [ASK_FIRST, (b"vary", b"authorization")]


@pytest.mark.parametrize(("status", "lines"), [(101, []), (304, []), (301, [NO_STORE]), (404, [NO_STORE])])
def test_what_changes_nothing_that_is_kept_stays(status: int, lines: list[Line]) -> None:
    assert added([HTML], status=status) == lines


def test_what_a_304_says_of_one_person_still_varies() -> None:
    assert added([said(b"private")], status=304) == [COOKIE]
