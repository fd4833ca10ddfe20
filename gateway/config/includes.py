"""Replaces every `include:` by the rules of the files that it names, and records where each rule was written.

Only plain files below the folder of the configuration can be included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.config.positions import MOST_BYTES, Place, Positions, read_yaml
from gateway.config.problems import ConfigError, Problem, unknown
from gateway.files.pattern import Pattern
from gateway.files.plain_file import read_plain
from gateway.files.real_path import real_path
from gateway.files.reason import reason

_MOST_FILES = 1_000


def read_file(path: Path, name: str) -> bytes:
    """The content of a plain file. Raises ConfigError, also for a pipe or device, which could block."""
    try:
        return read_plain(path, MOST_BYTES)
    except OSError as problem:
        raise ConfigError([Problem(name, 1, 1, f"cannot read it: {reason(problem)}")]) from problem


def rule_lists(data: Any) -> Iterator[tuple[Place, list[Any]]]:
    """Every list of rules in a configuration that has not been validated, with its place."""
    environments = _within(data, "environments")
    names = environments if isinstance(environments, dict) else ()
    own: list[Place] = [
        ("environments", name, "rules", part) for name in names for part in ("before", "after")
    ]
    for place in (("rules",), *own):
        nodes = _within(data, *place)
        if isinstance(nodes, list):
            yield place, nodes


def _within(data: Any, *place: str | int) -> Any:
    for key in place:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def included_by(path: Path) -> tuple[Pattern, ...]:
    """What a configuration includes by itself, as far as it can be read: files that are not there yet may come."""
    try:
        data, _ = read_yaml(read_file(path, str(path)), str(path), [])
    except ConfigError:
        return ()
    nodes = (node for _, each in rule_lists(data) for node in each if _is_include(node))
    folder = real_path(path).parent
    return tuple(Pattern(folder, node["include"]) for node in nodes if _is_below(node["include"]))


class Files:
    """The files of a configuration as they are on the disk."""

    def read(self, path: Path, name: str) -> bytes:
        """The content of a plain file. Raises ConfigError."""
        return read_file(path, name)

    def matching(self, folder: Path, pattern: str) -> list[Path]:
        """The files below a folder that a pattern names, in alphabetical order."""
        return Pattern(folder, pattern).files()


class Includes:
    """Fills in the `include:` entries of one configuration; `files` are all files that were read, the main one first."""

    def __init__(self, path: Path, problems: list[Problem], source: Files | None = None) -> None:
        self._path = path
        self._source = source or Files()
        self._folder = real_path(path).parent
        self._problems = problems
        self.files: list[Path] = [real_path(path)]
        self.patterns: list[Pattern] = []
        self.emptied: set[Place] = set()
        """The lists of rules of which the includes left nothing; why is among the problems."""
        # By the file of a list: what it was called where it was included first, and where that was.
        self._first: dict[Path, tuple[str, Problem]] = {}

    def fill_in(self, data: Any, positions: Positions) -> None:
        """Replace every `include:` in the lists of rules by the rules of its files."""
        for place, nodes in rule_lists(data):
            if not any(_is_include(node) for node in nodes):
                continue
            self._first.clear()
            before = len(self._problems)
            found = self._expanded(nodes, positions, place, (self.files[0],))
            if not found and place == ("rules",):
                self.emptied.add(place)
                if len(self._problems) == before:
                    words = "the files that are included here have no rules"
                    self._problems.append(positions.problem(place, words))
            nodes[:] = [node for node, _, _ in found]
            for number, (_, source, written) in enumerate(found):
                # A copy without `moved`, so that a place in the main file does not refer to itself.
                origin = Positions(source.file, source.values, source.keys)
                positions.moved[*place, number] = (origin, written)

    def _expanded(
        self, nodes: list[Any], positions: Positions, place: Place, stack: tuple[Path, ...]
    ) -> list[tuple[Any, Positions, Place]]:
        found: list[tuple[Any, Positions, Place]] = []
        for number, node in enumerate(nodes):
            here = (*place, number)
            if not _is_include(node):
                found.append((node, positions, here))
                continue
            for path in self._matching(node, positions, here):
                found.extend(self._rules(path, positions, (*here, "include"), stack))
        return found

    def _matching(self, node: dict[str, Any], positions: Positions, place: Place) -> list[Path]:
        """The files that an include names, in alphabetical order."""
        at = (*place, "include")
        pattern = node["include"]
        if set(node) != {"include"}:
            other = next(key for key in node if key != "include")
            self._problems.append(
                positions.problem((*place, other), unknown("key", other, ("include",)), at_key=True)
            )
        if not _is_below(pattern):
            message = "write a file or a pattern below this folder: rules/reports.yaml or rules/*.yaml"
            self._problems.append(positions.problem(at, message))
            return []
        self.patterns.append(Pattern(self._folder, pattern))
        found = self._source.matching(self._folder, pattern)
        if not found:
            self._problems.append(positions.problem(at, f"there is no file {pattern} in {self._folder}"))
        return found

    def _rules(
        self, path: Path, positions: Positions, at: Place, stack: tuple[Path, ...]
    ) -> list[tuple[Any, Positions, Place]]:
        real = real_path(path)
        name = str(self._path.parent / path.relative_to(self._folder))
        if not real.is_relative_to(self._folder):
            self._problems.append(positions.problem(at, f"{name} is outside {self._folder}"))
            return []
        if real in stack:
            cycle = " > ".join(each.name for each in (*stack[stack.index(real) :], real))
            self._problems.append(positions.problem(at, f"files include each other: {cycle}"))
            return []
        if self._is_second(real, name, positions.problem(at, "")):
            return []
        if len(self.files) >= _MOST_FILES:
            self._problems.append(positions.problem(at, f"more than {_MOST_FILES} files are included"))
            return []
        self.files.append(real)
        try:
            data, inside = read_yaml(self._source.read(path, name), name)
        except ConfigError as problem:
            self._problems.extend(problem.problems)
            return []
        nodes = data.get("rules") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(nodes, list) or set(data) != {"rules"}:
            self._problems.append(
                inside.problem((), "an included file has one key, rules:, with a list of rules")
            )
            return []
        return self._expanded(nodes, inside, ("rules",), (*stack, real))

    def _is_second(self, real: Path, name: str, here: Problem) -> bool:
        """Whether this list includes the file already, which is reported: each of its rules would be there twice."""
        known, first = self._first.setdefault(real, (name, here))
        if first is here:
            return False
        line = f"line {first.line}" if first.file == here.file else f"{first.file}:{first.line}"
        words = f"{name} is included twice, first at {line}" + (f" as {known}" if known != name else "")
        self._problems.append(replace(here, message=words))
        return True


def _is_include(node: Any) -> bool:
    return isinstance(node, dict) and "include" in node


def _is_below(pattern: Any) -> bool:
    if not isinstance(pattern, str) or pattern.startswith("/"):
        return False
    parts = Path(pattern).parts
    # What no glob takes: `.` alone, and two stars as a part of a name.
    return bool(parts) and not any(each == ".." or ("**" in each and each != "**") for each in parts)
