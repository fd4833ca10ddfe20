"""Writes a set of classes as few boxes: in each box, for every dimension the cells that belong to it.

It knows nothing of what dimensions and cells mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import permutations, product
from typing import Final

# A class is the number of one cell in every dimension, a box the numbers of those that belong to it.
Class = tuple[int, ...]
Box = tuple[frozenset[int], ...]
_FEW: Final = 4_000


def boxes(classes: Collection[Class], cells: Sequence[int]) -> list[Box]:
    """Boxes that together hold exactly these classes; few and large, the largest first.

    `cells` says how many cells every dimension has.
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
        found = _without_doubles(_widened(found, frozenset(classes), cells))
    return sorted(found, key=lambda box: (-_size(box), [sorted(cells) for cells in box]))


def _size(box: Box) -> int:
    size = 1
    for cells in box:
        size *= len(cells)
    return size


def _merged(found: list[Box], order: Sequence[int]) -> list[Box]:
    # Boxes that differ in one dimension only are one box; what one dimension joined may join in another.
    before = len(found) + 1
    while len(found) < before:
        before = len(found)
        for dimension in order:
            alike: dict[Box, frozenset[int]] = {}
            for box in found:
                key = (*box[:dimension], frozenset(), *box[dimension + 1 :])
                alike[key] = alike.get(key, frozenset()) | box[dimension]
            found = [(*key[:dimension], cells, *key[dimension + 1 :]) for key, cells in alike.items()]
    return found


def _widened(found: list[Box], classes: frozenset[Class], cells: Sequence[int]) -> list[Box]:
    """Each box made as large as it can be: what it needs to say becomes less, though boxes overlap."""
    wide: list[Box] = []
    for each in found:
        box = each
        for dimension, count in enumerate(cells):
            for number in range(count):
                if number in box[dimension]:
                    continue
                strip = (*box[:dimension], frozenset((number,)), *box[dimension + 1 :])
                if all(one in classes for one in product(*strip)):
                    box = (*box[:dimension], box[dimension] | {number}, *box[dimension + 1 :])
        wide.append(box)
    return list(dict.fromkeys(wide))


def _without_doubles(found: list[Box]) -> list[Box]:
    """The boxes without those whose classes the others hold too."""
    held = Counter(one for box in found for one in product(*box))
    kept: list[Box] = []
    for box in sorted(found, key=_size):
        inside = list(product(*box))
        if all(held[one] > 1 for one in inside):
            held.subtract(inside)
        else:
            kept.append(box)
    return kept
