"""Reads YAML as plain data, with the position of every value and key.

Ambiguous input is refused (duplicate keys, tags, merge keys, exploding aliases). Scalars are read as in YAML 1.2:
`no` and `010` are strings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gateway import garbage
from gateway.config.problems import ConfigError, Problem
from gateway.config.yaml_faults import decode_file, yaml_problem
from gateway.plugin.discovery import READING

Place = tuple[str | int, ...]
MOST_BYTES = 4_194_304
_MOST_NODES = 400_000
_DEEPEST = 50
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Positions:
    """Line and column of each value and of its key, by the value's place (path of keys) in the data.

    `moved` maps places whose value was written elsewhere, such as in an included file, to where it was written.
    """

    file: str
    values: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)
    moved: dict[Place, tuple[Positions, Place]] = field(default_factory=dict)

    def problem(self, place: Place, message: str, *, at_key: bool = False) -> Problem:
        """A problem at this place, or at the nearest place above it that is in the file."""
        source, place = self._source(place)
        if source is not self:
            return source.problem(place, message, at_key=at_key)
        while True:
            found = self.keys.get(place) if at_key else self.values.get(place)
            if found is not None or not place:
                line, column = found or (1, 1)
                return Problem(self.file, line, column, message)
            place = place[:-1]

    def pieces(self) -> Iterator[Any]:
        """What this consists of, outer pieces first, each once: what is moved shares the tables of its file."""
        sources = self, *(source for source, _ in self.moved.values())
        tables = {id(table): table for source in sources for table in (source.values, source.keys)}
        yield self.moved
        yield from self.moved.items()
        for each in tables.values():
            yield each
            yield from each.items()

    def known(self, place: Place) -> bool:
        """Whether there is a value at this place."""
        source, place = self._source(place)
        return place in self.values if source is self else source.known(place)

    def _source(self, place: Place) -> tuple[Positions, Place]:
        if self.moved:
            for length in range(len(place), 0, -1):
                found = self.moved.get(place[:length])
                if found is not None:
                    return found[0], (*found[1], *place[length:])
        return self, place


def read_yaml(text: str | bytes, file: str, problems: list[Problem] | None = None) -> tuple[Any, Positions]:
    """(data, positions). Raises ConfigError where the text is not YAML.

    What is refused goes to `problems`, and None stands in its place; without `problems` it raises ConfigError, too.
    """
    if len(text) > MOST_BYTES:
        raise ConfigError([Problem(file, 1, 1, f"the file is larger than {MOST_BYTES} bytes")])
    sys.audit(READING, file, 1)
    text = decode_file(text, file) if isinstance(text, bytes) else text
    try:
        _refuse_deep(text, file)
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        raise ConfigError([yaml_problem(problem, text, file)]) from problem
    except (yaml.YAMLError, UnicodeError, RecursionError) as problem:
        raise ConfigError([Problem(file, 1, 1, f"this is not YAML: {problem}")]) from problem
    if node is None:
        raise ConfigError([Problem(file, 1, 1, "the file is empty")])
    walk = _Walk(Positions(file))
    data = walk.value(node, (), 0)
    del node
    garbage.drop(walk.nodes)
    if walk.problems and problems is None:
        raise ConfigError(walk.problems)
    if problems is not None:
        problems.extend(walk.problems)
    return data, walk.positions


def _refuse_deep(text: str, file: str) -> None:
    """Raise ConfigError for what is nested too deep: the parser would use up the stack of the process, and end it."""
    depth = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    at = event.start_mark
                    line, column = (at.line + 1, at.column + 1) if at is not None else (1, 1)
                    words = f"this is nested deeper than {_DEEPEST} levels"
                    raise ConfigError([Problem(file, line, column, words)])
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.MarkedYAMLError as problem:
        # Newer parsers look ahead, and end at a thousand levels before they say where the first of them begin.
        end = problem.problem_mark
        if problem.problem == "exceeded maximum nesting depth" and end is not None and end.index < len(text):
            _refuse_deep(text[: end.index], file)
        raise


class _Walk:
    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.problems: list[Problem] = []
        self.nodes: list[yaml.Node] = []
        """All that were visited, outer ones first."""
        self._around: list[yaml.Node] = []
        self._too_large = False

    def _refuse(self, node: yaml.Node, message: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(self.positions.file, mark.line + 1, mark.column + 1, message))

    def value(self, node: yaml.Node, place: Place, depth: int) -> Any:
        mark = node.start_mark
        self.positions.values[place] = (mark.line + 1, mark.column + 1)
        self.nodes.append(node)
        # Aliases share nodes: a small file can expand to a huge one.
        if len(self.nodes) > _MOST_NODES or depth > _DEEPEST:
            if not self._too_large:
                self._refuse(node, "the file is too large once its aliases are expanded, or nested too deep")
            self._too_large = True
            return None
        if any(node is each for each in self._around):
            self._refuse(node, "an alias (*) of this stands within it: write out what is meant")
            return None
        if node.tag.startswith("!") or node.tag.startswith("tag:yaml.org,2002:python"):
            self._refuse(node, f"the tag {node.tag} is not allowed")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._around.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                items = enumerate(node.value)
                return [self.value(item, (*place, number), depth + 1) for number, item in items]
            return self._mapping(node, place, depth)
        finally:
            self._around.pop()

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.style:  # quoted or a block: always a string
            if _CONTROL.search(text):
                self._refuse(node, "this text contains a control character")
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text):
            return int(text) if len(text) < 20 else text
        if _FLOAT.fullmatch(text):
            return float(text)
        return text

    def _mapping(self, node: yaml.Node, place: Place, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be a plain word")
                continue
            key: str = key_node.value
            if key == "<<" and not key_node.style:
                self._refuse(key_node, "merge keys (<<) are not allowed: write the keys out")
                continue
            if key in data:
                first = self.positions.keys[*place, key]
                self._refuse(key_node, f"the key {key!r} is given twice, first at line {first[0]}")
                continue
            if hint := _mistyped(key):
                self._refuse(key_node, hint)
            self.positions.keys[*place, key] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            problems_before = len(self.problems)
            data[key] = value = self.value(value_node, (*place, key), depth + 1)
            if value is None and len(self.problems) == problems_before and not self._too_large:
                self._refuse(key_node, f"{key!r} has no value: write one, or leave the key out")
        return data


def _mistyped(key: str) -> str:
    """What is wrong with how a key is written; "" if nothing is."""
    if (key and not key[0].isprintable()) or key[:1].isspace():
        return f"this key begins with an invisible character, U+{ord(key[0]):04X}: delete it and type a space"
    if re.match(r"-[a-z]", key):
        return f"write a space behind the hyphen of a list item: `- {key[1:]}`"
    return ""
