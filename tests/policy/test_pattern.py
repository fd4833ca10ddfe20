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


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ("\u00a0", "U\\+00A0, no-break space"),
        ("\u200b", "U\\+200B, zero width space"),
        ("\t", "U\\+0009, a control character"),
    ],
)
def test_a_sign_that_nobody_sees_is_named(sign: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"the path contains {words}, which nobody sees"):
        parse_pattern(f"/pub{sign}lic")
