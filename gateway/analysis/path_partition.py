"""Partitions all paths into classes that a list of patterns cannot tell apart, each with one path as its example.

The partition is exact for path patterns: every path is in a class. Of a regular expression only example paths are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest

from gateway.analysis.regex_example import regex_example
from gateway.policy.expression import Expression
from gateway.policy.pattern import Literal, Pattern, Variable
from gateway.policy.pattern_tree import PatternNode, PatternTree


@dataclass(frozen=True, slots=True)
class PathClass:
    """Paths that the same patterns match: `matching` holds the numbers of those patterns, lowest first.

    `segments` is one of these paths; `below` is set where every path below it is in the class too.
    """

    segments: tuple[str, ...]
    matching: tuple[int, ...]
    below: bool

    @property
    def path(self) -> str:
        """The example as text."""
        return "/" + "/".join(self.segments)


def partition(
    patterns: Sequence[Pattern], values: Collection[str] = (), compared: Collection[int] = ()
) -> Iterator[PathClass]:
    """Every class of paths that at least one pattern matches.

    A text that occurs in no pattern stands for every value of a variable. At the positions `compared` (0 is the
    first segment) each of `values` is tried too, because rules compare the variable with them.
    """
    known = {
        *values,
        *(part.text for pattern in patterns for part in pattern.parts if isinstance(part, Literal)),
    }
    other = next("x" * size for size in count(1) if not any(text.startswith("x" * size) for text in known))
    tried = frozenset(value for value in values if value and "/" not in value)
    choices = _Choices(other, tried, frozenset(compared))
    found = _walk((PatternTree(patterns).root,), (), (), choices)
    expressions = {
        number: pattern.expression
        for number, pattern in enumerate(patterns)
        if pattern.expression is not None
    }
    yield from _with_expressions(found, patterns, expressions) if expressions else found


def _with_expressions(
    found: Iterator[PathClass], patterns: Sequence[Pattern], expressions: Mapping[int, Expression]
) -> Iterator[PathClass]:
    """The classes with only those regular expressions that match the example, and an example of each expression."""
    for path_class in found:
        kept = tuple(
            number
            for number in path_class.matching
            if number not in expressions or expressions[number].match(path_class.path) is not None
        )
        if kept:
            yield PathClass(path_class.segments, kept, below=False)
    for expression in expressions.values():
        path = regex_example(expression.text)
        if path is None:
            continue
        segments = tuple(path[1:].split("/"))
        kept = tuple(number for number, pattern in enumerate(patterns) if pattern.match(segments) is not None)
        if kept:
            yield PathClass(segments, kept, below=False)


@dataclass(frozen=True, slots=True)
class _Choices:
    other: str
    values: frozenset[str]
    compared: frozenset[int]

    def at(self, nodes: tuple[PatternNode, ...], depth: int) -> list[str]:
        """The next segments to try: the literals of the patterns, the compared values, and one other text."""
        found = dict.fromkeys(text for node in nodes for text in node.literals if text)
        if depth in self.compared and any(node.any is not None for node in nodes):
            found |= dict.fromkeys(sorted(self.values))
        # The other text differs at every depth, so that two variables are never equal by accident.
        return [self.other if depth == 0 else f"{self.other}{depth}", *found]


def _walk(
    nodes: tuple[PatternNode, ...], rests: tuple[int, ...], path: tuple[str, ...], choices: _Choices
) -> Iterator[PathClass]:
    here = rests + tuple(number for node in nodes for number in node.rests)
    for segment in choices.at(nodes, len(path)):
        below = tuple(
            child for node in nodes for child in (node.literals.get(segment), node.any) if child is not None
        )
        longer, ends = (*path, segment), _ends(below)
        if here or ends:
            yield PathClass(longer, tuple(sorted((*here, *ends))), below=not below)
        if below:
            yield from _walk(below, here, longer, choices)
    # Only the last segment can be empty: a canonical path has no two slashes in a row.
    ends = _ends(tuple(last for node in nodes if (last := node.literals.get("")) is not None))
    if here or ends:
        yield PathClass((*path, ""), tuple(sorted((*here, *ends))), below=False)


def _ends(nodes: tuple[PatternNode, ...]) -> tuple[int, ...]:
    return tuple(number for node in nodes for number in (*node.ends, *node.rests))


def intersection(one: Pattern, other: Pattern, held: Mapping[int, str]) -> Pattern:
    """The pattern of the paths that both patterns match; there must be such paths.

    Variables get their names from `other` first. At the positions in `held` it has that text instead of a variable.
    """
    parts: list[Literal | Variable] = []
    for position, (mine, theirs) in enumerate(zip_longest(one.parts, other.parts)):
        literal = next((part for part in (theirs, mine) if isinstance(part, Literal)), None)
        if position in held:
            parts.append(Literal(held[position]))
        elif literal is not None:
            parts.append(literal)
        else:
            names = [part.name for part in (theirs, mine) if isinstance(part, Variable)]
            names += [f"{names[0]}{number}" for number in range(2, len(parts) + 3)]
            parts.append(next(Variable(name) for name in names if Variable(name) not in parts))
    return pattern_of(parts, rest=one.rest and other.rest)


def pattern_of(parts: Sequence[Literal | Variable], *, rest: bool) -> Pattern:
    """The pattern that has these parts."""
    words = [part.text if isinstance(part, Literal) else f"{{{part.name}}}" for part in parts]
    return Pattern("/" + "/".join([*words, "**"] if rest else words), tuple(parts), rest)
