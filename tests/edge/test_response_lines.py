"""Header lines as they are written, those that came before as well."""

from __future__ import annotations

from itertools import product

import pytest

from gateway.caching.known_lines import RepeatedLines, VariedLines
from gateway.edge.response_lines import KnownResponseLines, ResponseLines
from gateway.http_semantics import HeaderLine, HeaderLines

KNOWN: list[list[HeaderLine]] = [
    [],
    [(b"server", b"a"), (b"content-type", b"text/html")],
    [(b"content-length", b"3"), (b"connection", b"Close")],
    [(b"transfer-encoding", b"chunked"), (b"strict-transport-security", b"max-age=0")],
]
PASSING: list[HeaderLines] = [
    (),
    ((b"date", b"today"), (b"content-length", b"4")),
    ((b"x-request-id", b"7"),),
]
MORE: list[HeaderLines] = [
    (),
    ((b"server", b"uvicorn"),),
    ((b"content-length", b"5"), (b"connection", b"close")),
]


@pytest.mark.parametrize(("lines", "no_length"), list(product(KNOWN, (False, True))))
def test_lines_that_came_before_are_written_as_they_would_the_first_time(
    lines: list[HeaderLine], no_length: bool
) -> None:
    known, repeated = KnownResponseLines(), RepeatedLines(lines)
    for _, passing, more in product(range(2), PASSING, MORE):
        together = VariedLines.of(repeated, passing) if passing else repeated
        assert known(together, more, no_length=no_length) == ResponseLines.of(
            [*lines, *passing, *more], no_length=no_length
        )


def test_there_is_one_length_and_no_transfer_coding() -> None:
    found = ResponseLines.of(
        [(b"content-length", b"3"), (b"transfer-encoding", b"gzip"), (b"content-length", b"3")]
    )
    assert found == ResponseLines(b"content-length: 3\r\n", 3, closes=False, hsts=False)


@pytest.mark.parametrize(
    "line", [(b"a b", b"1"), (b"a:", b"1"), (b"a\r\n", b"1"), (b"a", b"1\r\nb: 2"), (b"a", b"\x00")]
)
@pytest.mark.parametrize("known", [False, True])
def test_characters_that_cannot_stand_there_are_refused(line: HeaderLine, known: bool) -> None:
    lines = RepeatedLines([line]) if known else (line,)
    with pytest.raises(RuntimeError, match=r"cannot stand there|with a colon"):
        KnownResponseLines()(lines, (), no_length=False)
