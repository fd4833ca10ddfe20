"""Finds the rules whose pattern matches a path without looking at all rules: the patterns as one tree.

It decides nothing about methods, hosts or policies; it gives the numbers of the rules in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.policy.pattern import Literal, Pattern


class _Node:
    __slots__ = ("any", "ends", "literals", "rests")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.ends: tuple[int, ...] = ()
        self.rests: tuple[int, ...] = ()


class PatternTree:
    """Built once for a rule set; a look-up costs as many steps as the path has segments."""

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        self._root = _Node()
        for number, pattern in patterns:
            self._add(number, pattern)

    def _add(self, number: int, pattern: Pattern) -> None:
        node = self._root
        for part in pattern.parts:
            if isinstance(part, Literal):
                node = node.literals.setdefault(part.text, _Node())
            else:
                if node.any is None:
                    node.any = _Node()
                node = node.any
        if pattern.rest:
            node.rests = (*node.rests, number)
        else:
            node.ends = (*node.ends, number)

    def candidates(self, segments: Sequence[str]) -> list[int]:
        """The numbers of all rules whose pattern matches, lowest first; an expression in it is still to be tried."""
        found: list[int] = []
        nodes = [self._root]
        for segment in segments:
            below: list[_Node] = []
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
