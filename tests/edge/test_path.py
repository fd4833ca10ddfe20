"""One meaning per path: what is refused, and what goes through untouched."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.path import canonical_segments, path_of
from gateway.errors import BadRequest


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        (b"/", ("",)),
        (b"/a", ("a",)),
        (b"/a/", ("a", "")),
        (b"/a%20b/caf%C3%A9", ("a b", "café")),
        (b"/.well-known/x", (".well-known", "x")),
        (b"/a...b/...", ("a...b", "...")),
        (b"/nota%20v1.%20/..a%C2%AD", ("nota v1. ", "..a\u00ad")),
        (b"/%25%32%46", ("%2F",)),
        (b"/v1.0/a:b@c!$&'()*,=d", ("v1.0", "a:b@c!$&'()*,=d")),
    ],
)
def test_a_clear_path_gives_its_segments(raw: bytes, segments: tuple[str, ...]) -> None:
    assert canonical_segments(raw) == segments


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"a", "path-not-absolute"),
        (b"", "path-not-absolute"),
        (b"//a", "path-empty-segment"),
        (b"/a//b", "path-empty-segment"),
        (b"/a/../b", "path-dot-segment"),
        (b"/a/.", "path-dot-segment"),
        (b"/a/%2e%2E/b", "path-dot-segment"),
        (b"/a/%252e%252e/b", "path-dot-segment"),
        (b"/a/..%252fb", "path-dot-segment"),
        (b"/a/%25252e%25252e/b", "path-dot-segment"),
        (b"/a%2fb", "path-encoded-separator"),
        (b"/a%5Cb", "path-encoded-separator"),
        (b"/a%00", "path-encoded-separator"),
        (b"/a%3Bb", "path-encoded-separator"),
        (b"/a%23b", "path-encoded-separator"),
        (b"/a;b", "path-character"),
        (b"/a\\b", "path-character"),
        (b"/a#b", "path-character"),
        (b"/caf\xc3\xa9", "path-character"),
        (b"/%zz", "path-escape"),
        (b"/%4", "path-escape"),
        (b"/%c0%ae", "path-encoding"),
        (b"/%ed%a0%80", "path-encoding"),
        (b"/%EF%BC%8E%EF%BC%8E/x", "path-dot-segment"),
        (b"/x%EF%BC%8Fy", "path-encoded-separator"),
        (b"/a/..%20/b", "path-dot-segment"),
        (b"/a/%20..", "path-dot-segment"),
        (b"/a/.%20./b", "path-dot-segment"),
        (b"/a/..%20./b", "path-dot-segment"),
        (b"/a/...%20/b", "path-dot-segment"),
        (b"/a/..../b", "path-dot-segment"),
        (b"/a/%2E%2E%2E%2E%2E", "path-dot-segment"),
        (b"/a/%20/b", "path-dot-segment"),
        (b"/a/..%C2%A0/b", "path-dot-segment"),
        (b"/a/..%C2%AD/b", "path-dot-segment"),
        (b"/a/.%E2%80%8B./b", "path-dot-segment"),
        (b"/a/%EF%BB%BF../b", "path-dot-segment"),
        (b"/a/..%E2%80%AE/b", "path-dot-segment"),
        (b"/a/..%E3%80%80/b", "path-dot-segment"),
        (b"/a/..%EF%B8%8F/b", "path-dot-segment"),
        (b"/a/..%F3%A0%80%A0/b", "path-dot-segment"),
        (b"/a/%E2%80%A5/b", "path-dot-segment"),
        (b"/a/%E2%80%A6/b", "path-dot-segment"),
        (b"/a/..%2520/b", "path-dot-segment"),
        (b"/a/%EF%BC%8E%EF%BC%8E%E2%81%A0/b", "path-dot-segment"),
    ],
)
def test_a_path_with_two_meanings_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        canonical_segments(raw)
    assert refused.value.facts["reason"] == code


@given(st.binary(max_size=40))
def test_whatever_comes_in_is_refused_or_holds_no_trap(octets: bytes) -> None:
    try:
        segments = canonical_segments(b"/" + octets)
    except BadRequest:
        return
    for segment in segments:
        assert segment not in (".", "..")
        assert not set(segment) & set("/\\\0;#?\r\n")
    assert "" not in segments[:-1]


def test_the_query_is_data() -> None:
    assert path_of(b"/a") == b"/a"
    assert path_of(b"/a?") == b"/a"
    assert path_of(b"/a??b=../..&c=%2F") == b"/a"
    assert path_of(b'/a?"<>\\^`{|}~!') == b"/a"
    for sign in (b"#", b" ", b"\t", b"\n", b"\x00", b"\x7f", b"\x80", b"\xff", "\u00e9".encode()):
        with pytest.raises(BadRequest) as refused:
            path_of(b"/a?b" + sign + b"c")
        assert refused.value.facts["reason"] == "query-character"


def test_a_path_has_an_end() -> None:
    assert path_of(b"/a" * 256 + b"?b=" + b"/" * 300) == b"/a" * 256
    with pytest.raises(BadRequest) as refused:
        path_of(b"/a" * 257)
    assert refused.value.facts["reason"] == "path-too-deep"


def _code(raw: bytes) -> str:
    """Why a path is refused; empty where it is not."""
    try:
        canonical_segments(raw)
    except BadRequest as refused:
        return str(refused.facts["reason"])
    return ""


def test_each_sign_that_folds_to_something_refused_is_refused() -> None:
    """Paths are not folded, as that may take long: the signs that matter are known by themselves."""
    for sign in map(chr, range(0x80, sys.maxunicode + 1)):
        folded = unicodedata.normalize("NFKC", sign)
        if folded == sign or "\ud800" <= sign <= "\udfff":
            continue
        escaped = b"".join(b"%%%02X" % octet for octet in sign.encode())
        if set(folded) & set("/\\;#?") or not folded.isprintable():
            assert _code(b"/a" + escaped) == "path-encoded-separator", hex(ord(sign))
        if not set(folded) - set("."):
            assert _code(b"/" + escaped) == _code(b"/." + escaped) == "path-dot-segment", hex(ord(sign))
        if "%" in folded and len(folded) == 1:
            assert _code(b"/." + escaped + b"2e") == "path-dot-segment", hex(ord(sign))
        if folded[0] in "2eE":
            for before, after in ((b"", b"e"), (b"2", b"")):
                read = unicodedata.normalize("NFKC", f"%{before.decode()}{sign}{after.decode()}")
                assert bool(_code(b"/.%25" + before + escaped + after)) == (read.lower() == "%2e"), read


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"/%E2%80%A6", "path-dot-segment"),
        (b"/%252e%E2%80%A4", "path-dot-segment"),
        (b"/%25E2%2580%25A4.", "path-dot-segment"),
        (b"/a%253B%252F../b", "path-dot-segment"),
        (b"/.%25%EF%BC%92%EF%BC%A5", "path-dot-segment"),
        (b"/.%2525%EF%BC%92%EF%BC%A5", "path-dot-segment"),
        (b"/.%EF%B9%AA2e", "path-dot-segment"),
        (b"/%25%C3%A9" * 257, "path-escape"),
    ],
)
def test_readers_that_fold_and_decode_find_no_trap(raw: bytes, code: str) -> None:
    assert _code(raw) == code


@pytest.mark.parametrize(
    "raw", [b"/10%25%E2%80%9320%25", b"/50%EF%BC%85", b"/caf%C3%A9%2520%25", b"/a/...%CC%81"]
)
def test_names_with_percent_signs_and_letters_are_names(raw: bytes) -> None:
    assert _code(raw) == ""


@pytest.mark.parametrize(
    "sign", [b"%CC%95%CC%81", b"%EF%B7%BA", b"%25", b"%2525", b"%E2%80%8B", b"%252F", b"a%41"]
)
def test_a_long_path_takes_no_long_time(sign: bytes) -> None:
    raw, begun = b"/a%41" + sign * (2**20 // len(sign)), time.process_time()
    _code(raw)
    assert time.process_time() - begun < 2
