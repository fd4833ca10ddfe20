"""What came before stays known whatever passes with it, and takes bounded memory."""

from __future__ import annotations

import pytest

from gateway.caching.known_lines import KnownLines, RepeatedLines, VariedLines, parted, with_passing, without
from gateway.http_semantics import HeaderLine

A, B, C = (b"a", b"1"), (b"b", b"2"), (b"c", b"3")
KNOWN = RepeatedLines([A, B])


@pytest.mark.parametrize(
    ("lines", "passing", "together", "repeated", "passed"),
    [
        ([A], (), (A,), None, ()),
        ([A], (C,), (A, C), None, ()),
        (KNOWN, (), (A, B), KNOWN, ()),
        (KNOWN, (C,), (A, B, C), KNOWN, (C,)),
        (VariedLines.of(KNOWN, (C,)), (A,), (A, B, C, A), KNOWN, (C, A)),
        (VariedLines.of(KNOWN, (C,)), (), (A, B, C), KNOWN, (C,)),
    ],
)
def test_lines_stay_known_with_others_behind_them(
    lines: list[HeaderLine],
    passing: tuple[HeaderLine, ...],
    together: object,
    repeated: object,
    passed: object,
) -> None:
    found = with_passing(lines, passing)
    assert tuple(found) == together
    assert parted(found) == (repeated, passed)


@pytest.mark.parametrize(
    ("lines", "name", "left", "repeated"),
    [
        ([A, B, A], b"a", (B,), None),
        (KNOWN, b"a", (B,), None),
        (KNOWN, b"c", (A, B), KNOWN),
        (VariedLines.of(KNOWN, (C, A)), b"c", (A, B, A), KNOWN),
        (VariedLines.of(KNOWN, (C,)), b"c", (A, B), KNOWN),
        (VariedLines.of(KNOWN, (C, A)), b"a", (B, C), None),
    ],
)
def test_lines_stay_known_without_a_name_that_only_passed(
    lines: list[HeaderLine], name: bytes, left: object, repeated: object
) -> None:
    found = without(name, lines)
    assert tuple(found) == left
    assert parted(found)[0] is repeated


def test_what_is_remembered_is_bounded() -> None:
    heads, end = KnownLines([b"referer"], most_octets=100), b"\r\n\r\n"
    for number in range(1_000):
        for _ in range(2):
            heads.learn(b"\r\nx-number: %d\r\n\r\n" % number, [])
    assert 0 < len(heads) <= 100 // len(b"\r\nx-number: 1\r\n\r\n")
    assert heads.get(b"\r\nx-number: 999" + end, 9) is not None
    assert heads.get(b"\r\nx-number: 1" + end, 9) is None
    for _ in range(2):
        heads.learn(b"\r\nx-large: " + b"a" * 5_000 + end, [])
    assert heads.get(b"\r\nx-large: " + b"a" * 5_000 + end, 9) is None


def test_what_passes_by_is_bounded() -> None:
    heads, end = KnownLines([b"referer"], most_octets=200), b"\r\n\r\n"
    for _ in range(2):
        heads.learn(b"\r\nhost: a" + end, [(b"host", b"a")])
    for number in range(10_000):
        for _ in range(2):
            heads.get(b"\r\nhost: a\r\nreferer: %d" % number + end, 9)
    assert len(heads) <= 10


def test_what_comes_once_is_not_remembered() -> None:
    heads, end = KnownLines([b"referer"]), b"\r\n\r\n"
    for number in range(1_000):
        heads.learn(b"\r\nx-number: %d\r\nreferer: a" % number + end, [(b"referer", b"a")])
    assert len(heads) == 0
