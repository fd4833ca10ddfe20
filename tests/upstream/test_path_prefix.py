"""A path inside stays below its prefix, whatever the path outside is spelled like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.path import canonical_segments
from gateway.errors import BadRequest
from gateway.upstream.path_prefix import PathPrefix, checked_prefix


@pytest.mark.parametrize(
    ("strip", "add", "outside", "inside"),
    [
        ("/reports", "", b"/reports/1?q=/a", b"/1?q=/a"),
        ("/reports", "", b"/reports", b"/"),
        ("/reports", "", b"/reports/", b"/"),
        ("/reports", "", b"/reports?x", b"/?x"),
        ("/reports", "", b"/%72eports/%41", b"/%41"),
        ("/reports", "", b"/reports;v=1/x;w=2", b"/x;w=2"),
        ("", "/app", b"/x", b"/app/x"),
        ("", "/app", b"/", b"/app/"),
        ("/a/b", "/c/d", b"/a/b/e", b"/c/d/e"),
    ],
)
def test_the_path_inside(strip: str, add: str, outside: bytes, inside: bytes) -> None:
    assert PathPrefix(strip=strip, add=add).inside(outside) == inside


@pytest.mark.parametrize("path", [b"/report", b"/reportsx", b"/x/reports", b"/", b"/reports//evil.test/"])
def test_a_path_that_is_not_below(path: bytes) -> None:
    with pytest.raises(BadRequest):
        PathPrefix(strip="/reports").inside(path)


@pytest.mark.parametrize(
    ("destination", "inside"),
    [
        (b"/reports/b", b"/app/b"),
        (b"https://gw.test/reports/b%20c", b"https://gw.test/app/b%20c"),
        (b"HTTPS://gw.test:443/reports", b"HTTPS://gw.test:443/app/"),
    ],
)
def test_a_destination_is_a_path_inside_too(destination: bytes, inside: bytes) -> None:
    prefix = PathPrefix(strip="/reports", add="/app")
    lines = b"x-destination: /reports/a\r\ndestination: %b\r\noverwrite: T\r\n"
    assert prefix.inside_lines(lines % destination) == lines % inside


@pytest.mark.parametrize(
    "destination", [b"/b", b"https://gw.test/b", b"https://gw.test", b"//gw.test/reports/b"]
)
def test_a_destination_that_is_not_below(destination: bytes) -> None:
    with pytest.raises(BadRequest):
        PathPrefix(strip="/reports").inside_lines(b"a: b\r\ndestination: %b\r\n" % destination)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [(b"/app/x", b"/reports/x"), (b"/app", b"/reports/"), (b"/x", None), (b"/apple", None)],
)
def test_the_way_back(inside: bytes, outside: bytes | None) -> None:
    assert PathPrefix(strip="/reports", add="/app").outside(inside) == outside


def test_two_slashes_below_another_prefix_name_no_host() -> None:
    assert PathPrefix(add="/app").inside(b"//x") == b"/app//x"
    assert PathPrefix(strip="/a", add="/app").inside(b"/a//x") == b"/app//x"


def test_capitals_where_paths_are_folded() -> None:
    assert PathPrefix(strip="/Reports", fold=True).inside(b"/rePORTS/X") == b"/X"
    with pytest.raises(BadRequest):
        PathPrefix(strip="/reports", fold=True).inside(b"/rep\xc3\x96rts/X")
    with pytest.raises(BadRequest):
        PathPrefix(strip="/reports").inside(b"/Reports/X")


@given(
    st.lists(
        st.sampled_from([b"a", b"%61", b"..", b"%2e%2e", b".", b"%252e%252e", b"", b"app", b";", b"%2F"]),
        max_size=6,
    )
)
def test_no_path_that_is_admitted_leaves_the_prefix(segments: list[bytes]) -> None:
    path = b"/a/" + b"/".join(segments)
    try:
        canonical_segments(path)
    except BadRequest:
        return
    inside = canonical_segments(PathPrefix(strip="/a", add="/app").inside(path))
    assert inside[0] == "app"


@pytest.mark.parametrize(
    "text", ["", "/", "reports", "/a/", "//a", "/a//b", "/..", "/a/./b", "/a b", "/%41", "/a?b", "/a;b"]
)
def test_what_is_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        checked_prefix(text)
