"""Blanks before the colon of an answer's field and behind its transfer coding are taken away, and nothing else is."""

from __future__ import annotations

import pytest

from gateway.upstream.head_repair import without_blanks

HEAD = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("octets", "repaired"),
    [
        (HEAD + b"A : x", HEAD + b"A : x"),
        (b"HTTP/1.1 200 OK\r\nA : 1\r\nB\t: 2\r\n\r\n", HEAD),
        (b"HTTP/1.1 200 OK\r\nA: a : b\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: a : b\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-encoding:\ta, b \t\r\nA: 1\t\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-encoding:\ta, b\r\nA: 1\t\r\n\r\n",
        ),
        (b"\r\n\r\nHTTP/1.1 200 OK\r\nA : 1\r\nB: 2\r\n\r\n", b"\r\n\r\n" + HEAD),
        (b"HTTP/1.1 200 OK\r\n A : 1\r\n\r\n", b"HTTP/1.1 200 OK\r\n A : 1\r\n\r\n"),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink : x\r\n\r\nHTTP/1.1 200 OK\r\nA : 1\r\nB: 2\r\n\r\nC : d",
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"C : d",
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nA : 1\r\n\r\n\nB : 2\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nA: 1\r\n\r\n\nB : 2\r\n\r\n",
        ),
    ],
)
def test_only_such_blanks_of_the_head(octets: bytes, repaired: bytes) -> None:
    assert without_blanks(octets) == (repaired, False)


def test_a_head_that_ends_in_a_blank_may_go_on_with_the_colon() -> None:
    assert without_blanks(b"HTTP/1.1 200 OK\r\nA ") == (b"HTTP/1.1 200 OK\r\nA", True)
    assert without_blanks(b"HTTP/1.1 200 OK\r\nA: b ") == (b"HTTP/1.1 200 OK\r\nA: b ", False)


@pytest.mark.parametrize("at", range(1, 40))
def test_a_split_head_is_repaired_wherever_it_is_split(at: int) -> None:
    octets = b"HTTP/1.1 200 OK\r\nA \t: 1\r\nB  : 2\r\n\r\n"
    first, _ = without_blanks(octets[:at])
    # What came is looked at again with what follows, as the reader of answers does.
    assert without_blanks(first + octets[at:])[0].replace(b" \t:", b":").replace(b"  :", b":") == HEAD
