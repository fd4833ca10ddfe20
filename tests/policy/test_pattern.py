"""Path patterns: which paths they match, and what is refused."""

from __future__ import annotations

import pytest

from gateway.policy.pattern import parse_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "variables"),
    [
        ("/", "/", {}),
        ("/", "/a", None),
        ("/a", "/a", {}),
        ("/a", "/a/", None),
        ("/a/", "/a/", {}),
        ("/a", "/A", None),
        ("/a", "/ab", None),
        ("/a/**", "/a", {}),
        ("/a/**", "/a/", {}),
        ("/a/**", "/a/b/c", {}),
        ("/a/**", "/ab", None),
        ("/**", "/", {}),
        ("/**", "/x/y", {}),
        ("/{x}", "/", None),
        ("/{x}", "/v", {"x": "v"}),
        ("/{x}/b/{y}", "/1/b/2", {"x": "1", "y": "2"}),
        ("/{x}/b/{y}", "/1/c/2", None),
        ("/o/{kbo}/**", "/o/1", {"kbo": "1"}),
        ("/o/{kbo}/**", "/o/1/m/2", {"kbo": "1"}),
        ("/o/{kbo}/**", "/o/", None),
    ],
)
def test_what_a_pattern_means(pattern: str, path: str, variables: dict[str, str] | None) -> None:
    assert parse_pattern(pattern).match(path[1:].split("/")) == variables
