"""Regions: every path is in one, and within one the same patterns match."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.path_partition import PathClass, partition
from gateway.policy.pattern import Pattern, parse_pattern

WORDS = st.sampled_from(["a", "b", "xx", "{v}", "{w}"])


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    words = draw(st.lists(WORDS, max_size=3, unique_by=lambda word: word if word[0] == "{" else object()))
    end = draw(st.sampled_from(["", "/", "/**"]))
    return parse_pattern("/" + "/".join(words) + (end if words else end.removeprefix("/")))


SEGMENTS = st.lists(st.sampled_from(["a", "b", "xx", "other", "0456789034"]), max_size=4)
PATHS = st.builds(lambda words, end: (*words, *end), SEGMENTS, st.sampled_from([(), ("",)])).filter(len)


def matching(all_of: list[Pattern], path: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(number for number, pattern in enumerate(all_of) if pattern.match(path) is not None)


@for_all(st.lists(patterns(), max_size=5), PATHS)
def test_every_path_is_in_a_region(all_of: list[Pattern], path: tuple[str, ...]) -> None:
    found = list(partition(all_of, {"0456789034"}, {0, 1, 2, 3}))
    assert all(path_class.matching == matching(all_of, path_class.segments) for path_class in found)
    expected = matching(all_of, path)
    if expected:
        assert expected in {path_class.matching for path_class in found}


@for_all(st.lists(patterns(), max_size=5), SEGMENTS)
def test_below_means_below(all_of: list[Pattern], deeper: list[str]) -> None:
    for path_class in partition(all_of):
        if path_class.below:
            assert matching(all_of, (*path_class.segments, *deeper)) == path_class.matching


def test_regions_of_two_patterns() -> None:
    found = list(partition([parse_pattern("/a/{id}"), parse_pattern("/**")], ["0456789034"], [1]))
    assert [(path_class.path, path_class.matching, path_class.below) for path_class in found] == [
        ("/x", (1,), True),
        ("/a", (1,), False),
        ("/a/x1", (0, 1), False),
        ("/a/x1/x2", (1,), True),
        ("/a/x1/", (1,), False),
        ("/a/0456789034", (0, 1), False),
        ("/a/0456789034/x2", (1,), True),
        ("/a/0456789034/", (1,), False),
        ("/a/", (1,), False),
        ("/", (1,), False),
    ]


def test_the_unknown_text_is_unknown() -> None:
    found = list(partition([parse_pattern("/x"), parse_pattern("/xx1/{a}/b"), parse_pattern("/**")]))
    assert found[0] == PathClass(("xxx",), (2,), below=True)
