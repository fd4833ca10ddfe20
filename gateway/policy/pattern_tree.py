"""All patterns of a rule set as one tree, to find those that match a path without trying every rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.policy.pattern import Literal, Pattern, fold_case


@dataclass(slots=True)
class PatternNode:
    """The patterns that begin alike: the next segment, and the numbers of those that end here or end in `/**`."""

    literals: dict[str, PatternNode] = field(default_factory=dict)
    any: PatternNode | None = None
    ends: list[int] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)


class PatternTree:
    """Built once per rule set; a lookup takes as many steps as the path has segments.

    Either all patterns fold or none does.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.root = PatternNode()
        self._folds = False
        for number, pattern in enumerate(patterns):
            self._folds = pattern.folds
            node = self.root
            for part in pattern.parts:
                if isinstance(part, Literal):
                    node = node.literals.setdefault(part.text, PatternNode())
                else:
                    node.any = node.any or PatternNode()
                    node = node.any
            (node.rests if pattern.rest else node.ends).append(number)

    def candidates(self, segments: Sequence[str]) -> list[int]:
        """The numbers of all patterns that match, lowest first. Regular expressions still have to be tried."""
        if self._folds:
            segments = [fold_case(segment) for segment in segments]
        found: list[int] = []
        nodes = [self.root]
        for segment in segments:
            below: list[PatternNode] = []
            for node in nodes:
                if node.rests:
                    found.extend(node.rests)
                child = node.literals.get(segment)
                if child is not None:
                    below.append(child)
                if node.any is not None and segment:
                    below.append(node.any)
            nodes = below
            if not nodes:
                break
        for node in nodes:
            found.extend(node.ends)
            found.extend(node.rests)
        if len(found) > 1:
            found.sort()
        return found
