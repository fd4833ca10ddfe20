"""Boxes hold exactly the classes that they were made of."""

from __future__ import annotations

from itertools import product

from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.cubes import cubes_covering

CELLS = [2, 3, 2, 4]
CLASSES = st.sets(st.tuples(*(st.integers(0, count - 1) for count in CELLS)))


@for_all(CLASSES)
def test_nothing_is_lost_or_added(classes: set[tuple[int, ...]]) -> None:
    found = cubes_covering(classes, CELLS)
    assert {one for cube in found for one in product(*cube)} == classes
    assert len(found) <= len(classes)


def test_what_does_not_matter_is_not_said() -> None:
    everything = list(product(*(range(count) for count in CELLS)))
    assert cubes_covering(everything, CELLS) == [tuple(frozenset(range(count)) for count in CELLS)]
    assert cubes_covering([()], []) == [()]
    assert cubes_covering([], CELLS) == []
    # A or B, in two large boxes instead of two that exclude each other.
    any_of = [(0, 0), (0, 1), (1, 0)]
    assert cubes_covering(any_of, [2, 2]) == [
        (frozenset({0}), frozenset({0, 1})),
        (frozenset({0, 1}), frozenset({0})),
    ]
