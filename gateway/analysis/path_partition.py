"""Divides all paths into regions within which the same patterns match, each with one path that stands for it.

The division is made on the patterns themselves: no path falls outside a region. Of a regular expression only single
paths are known. It knows nothing of rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, zip_longest

from gateway.policy.expression import Expression, example
from gateway.policy.pattern import Literal, Pattern, Variable


@dataclass(frozen=True, slots=True)
class Region:
    """Paths that look alike to the patterns: `matching` holds the numbers of those that match, lowest first.

    `segments` is one path of the region; `below` tells whether every path below it belongs to it too.
    """

    segments: tuple[str, ...]
    matching: tuple[int, ...]
    below: bool

    @property
    def path(self) -> str:
        """The path that stands for the region."""
        return "/" + "/".join(self.segments)


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    any: _Node | None = None
    ends: list[int] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)


def regions(
    patterns: Sequence[Pattern], values: Collection[str] = (), compared: Collection[int] = ()
) -> Iterator[Region]:
    """Every region in which at least one pattern matches.

    Where a segment is a variable, a text that no pattern and nobody knows stands for all others; at the places
    `compared` (0 is the first segment) each of `values` is tried as well, for what rules compare with it.
    """
    root = _Node()
    for number, pattern in enumerate(patterns):
        _add(root, number, pattern)
    known = {
        *values,
        *(part.text for pattern in patterns for part in pattern.parts if isinstance(part, Literal)),
    }
    other = next("x" * size for size in count(1) if not any(text.startswith("x" * size) for text in known))
    tried = frozenset(value for value in values if value and "/" not in value)
    found = _walk((root,), (), (), _Choices(other, tried, frozenset(compared)))
    expressions = {
        n: pattern.expression for n, pattern in enumerate(patterns) if pattern.expression is not None
    }
    yield from _tried(found, patterns, expressions) if expressions else found


def _tried(
    found: Iterator[Region], patterns: Sequence[Pattern], expressions: Mapping[int, Expression]
) -> Iterator[Region]:
    """The regions as their paths match the regular expressions, and one path of each expression itself."""
    for region in found:
        kept = tuple(
            number
            for number in region.matching
            if number not in expressions or expressions[number].match(region.path) is not None
        )
        if kept:
            yield Region(region.segments, kept, below=False)
    for expression in expressions.values():
        path = example(expression.text)
        segments = tuple(path[1:].split("/")) if path else ()
        kept = tuple(
            n for n, pattern in enumerate(patterns) if segments and pattern.match(segments) is not None
        )
        if kept:
            yield Region(segments, kept, below=False)


@dataclass(frozen=True, slots=True)
class _Choices:
    other: str
    values: frozenset[str]
    compared: frozenset[int]

    def at(self, nodes: tuple[_Node, ...], depth: int) -> list[str]:
        """The segments to go on with: what some pattern knows, what is compared here, and one other text."""
        found = dict.fromkeys(text for node in nodes for text in node.literals if text)
        if depth in self.compared and any(node.any is not None for node in nodes):
            found |= dict.fromkeys(sorted(self.values))
        return [self.distinct(depth), *found]

    def distinct(self, depth: int) -> str:
        # Another text at every place, so that two variables are not equal by accident.
        return self.other if depth == 0 else f"{self.other}{depth}"


def _walk(
    nodes: tuple[_Node, ...], rests: tuple[int, ...], path: tuple[str, ...], choices: _Choices
) -> Iterator[Region]:
    here = rests + tuple(number for node in nodes for number in node.rests)
    for segment in choices.at(nodes, len(path)):
        longer = (*path, segment)
        below = _below(nodes, segment)
        ends = tuple(number for node in below for number in (*node.ends, *node.rests))
        if here or ends:
            yield Region(longer, tuple(sorted((*here, *ends))), below=not below)
        if below:
            yield from _walk(below, here, longer, choices)
    # An empty segment can only be the last one: a path has no two slashes in a row.
    ends = tuple(
        number
        for node in nodes
        if (last := node.literals.get("")) is not None
        for number in (*last.ends, *last.rests)
    )
    if here or ends:
        yield Region((*path, ""), tuple(sorted((*here, *ends))), below=False)


def _below(nodes: tuple[_Node, ...], segment: str) -> tuple[_Node, ...]:
    found: list[_Node] = []
    for node in nodes:
        literal = node.literals.get(segment)
        if literal is not None:
            found.append(literal)
        if node.any is not None:
            found.append(node.any)
    return tuple(found)


def _add(root: _Node, number: int, pattern: Pattern) -> None:
    node = root
    for part in pattern.parts:
        if isinstance(part, Literal):
            node = node.literals.setdefault(part.text, _Node())
        else:
            node.any = node.any or _Node()
            node = node.any
    (node.rests if pattern.rest else node.ends).append(number)


def intersection(one: Pattern, other: Pattern, held: Mapping[int, str]) -> Pattern:
    """The pattern of what two patterns that have a path in common both match; variables are named by the other one.

    At the places `held` it has that text instead of a variable.
    """
    parts: list[Literal | Variable] = []
    for place, (mine, theirs) in enumerate(zip_longest(one.parts, other.parts)):
        literal = next((part for part in (theirs, mine) if isinstance(part, Literal)), None)
        if place in held:
            parts.append(Literal(held[place]))
        elif literal is not None:
            parts.append(literal)
        else:
            names = [part.name for part in (theirs, mine) if isinstance(part, Variable)]
            names += [f"{names[0]}{number}" for number in range(2, len(parts) + 3)]
            parts.append(next(Variable(name) for name in names if Variable(name) not in parts))
    words = [part.text if isinstance(part, Literal) else f"{{{part.name}}}" for part in parts]
    rest = one.rest and other.rest
    return Pattern("/" + "/".join([*words, "**"] if rest else words), tuple(parts), rest)
