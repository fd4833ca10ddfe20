"""Patterns: what they mean, and that the tree finds what the plain meaning finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.pattern import parse_pattern
from gateway.policy.tree import PatternTree


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


WORDS = st.sampled_from(["a", "b", "{x}", "{y}", ""])
PATTERNS = st.lists(WORDS, min_size=1, max_size=4).flatmap(
    lambda words: st.booleans().map(lambda rest: "/" + "/".join([*words, "**"] if rest else words))
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=5)


@given(st.lists(PATTERNS, max_size=12), PATHS)
def test_the_tree_finds_what_the_plain_meaning_finds(texts: list[str], segments: list[str]) -> None:
    patterns = []
    for text in texts:
        try:
            patterns.append(parse_pattern(text))
        except ValueError:
            continue
    tree = PatternTree(enumerate(patterns))
    plain = [number for number, pattern in enumerate(patterns) if pattern.match(segments) is not None]
    assert tree.candidates(segments) == plain
