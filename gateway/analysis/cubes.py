"""Covers a set of equivalence classes with few, large cubes, so that a report about them is short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import permutations, product
from typing import Final

# A class has the number of one cell in every dimension; a cube has a set of those numbers in every dimension.
Class = tuple[int, ...]
Cube = tuple[frozenset[int], ...]
_FEW: Final = 4_000


def cubes_covering(classes: Collection[Class], cells: Sequence[int]) -> list[Cube]:
    """Cubes that together contain exactly these classes; few and large, the largest first.

    `cells` holds the number of cells of every dimension.
    """
    dimensions = len(cells)
    orders: list[Sequence[int]] = [range(dimensions)]
    if len(classes) <= _FEW and dimensions <= 4:
        orders = [*permutations(range(dimensions))]
    elif len(classes) <= _FEW:
        orders = [[*range(start, dimensions), *range(start)] for start in range(dimensions)]
    singles = [tuple(frozenset((number,)) for number in each) for each in classes]
    found = min((_merged(singles, order) for order in orders), key=len, default=[])
    if len(found) > 1 and len(classes) <= _FEW:
        found = _without_redundant(_widened(found, frozenset(classes), cells))
    return sorted(found, key=lambda cube: (-_size(cube), [sorted(cells) for cells in cube]))


def _size(cube: Cube) -> int:
    size = 1
    for cells in cube:
        size *= len(cells)
    return size


def _merged(found: list[Cube], order: Sequence[int]) -> list[Cube]:
    # Cubes that differ in one dimension only are joined; the result may then be joined along another.
    before = len(found) + 1
    while len(found) < before:
        before = len(found)
        for dimension in order:
            alike: dict[Cube, frozenset[int]] = {}
            for cube in found:
                key = (*cube[:dimension], frozenset(), *cube[dimension + 1 :])
                alike[key] = alike.get(key, frozenset()) | cube[dimension]
            found = [(*key[:dimension], cells, *key[dimension + 1 :]) for key, cells in alike.items()]
    return found


def _widened(found: list[Cube], classes: frozenset[Class], cells: Sequence[int]) -> list[Cube]:
    """Each cube extended as far as possible: cubes then overlap, but each needs fewer words."""
    wide: list[Cube] = []
    for each in found:
        cube = each
        for dimension, count in enumerate(cells):
            for number in range(count):
                if number in cube[dimension]:
                    continue
                strip = (*cube[:dimension], frozenset((number,)), *cube[dimension + 1 :])
                if all(one in classes for one in product(*strip)):
                    cube = (*cube[:dimension], cube[dimension] | {number}, *cube[dimension + 1 :])
        wide.append(cube)
    return list(dict.fromkeys(wide))


def _without_redundant(found: list[Cube]) -> list[Cube]:
    """The cubes without those whose classes are all in other cubes."""
    held = Counter(one for cube in found for one in product(*cube))
    kept: list[Cube] = []
    for cube in sorted(found, key=_size):
        inside = list(product(*cube))
        if all(held[one] > 1 for one in inside):
            held.subtract(inside)
        else:
            kept.append(cube)
    return kept
