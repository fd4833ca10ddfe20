"""Problems in a configuration: where they are, what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

_MOST_LISTED = 40


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem: the file as the operator named it, line and column from 1, a message, and where it helps a picture."""

    file: str
    line: int
    column: int
    message: str
    picture: str = field(default="", compare=False)

    def __str__(self) -> str:
        words = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{words}\n{self.picture}" if self.picture else words


class ConfigError(Exception):
    """An invalid configuration; `problems` holds every problem found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """The message for an unknown name, with the nearest known one."""
    names = sorted(map(str, known))
    # The same in other capitals is nearest.
    folded = [each for each in names if each.casefold() == str(name).strip().casefold()]
    near = folded or get_close_matches(str(name), names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = f" (known: {', '.join(names)})" if 0 < len(names) <= _MOST_LISTED else ""
    return f"unknown {what} {name!r}{hint}{listed}"
