"""The tree finds exactly the patterns that match a path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.pattern import parse_pattern
from gateway.policy.pattern_tree import PatternTree

WORDS = st.sampled_from(["a", "b", "{x}", "{y}", ""])
PATTERNS = st.lists(WORDS, min_size=1, max_size=4).flatmap(
    lambda words: st.booleans().map(lambda rest: "/" + "/".join([*words, "**"] if rest else words))
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=5)


@given(st.lists(PATTERNS, max_size=12), PATHS)
def test_candidates_are_the_patterns_that_match(texts: list[str], segments: list[str]) -> None:
    patterns = []
    for text in texts:
        try:
            patterns.append(parse_pattern(text))
        except ValueError:
            continue
    matching = [number for number, pattern in enumerate(patterns) if pattern.match(segments) is not None]
    assert PatternTree(patterns).candidates(segments) == matching
