"""A change between two rule sets: which requests, and who gains or loses access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.analysis.cubes import Cube
from gateway.analysis.equivalence import Cell, Dimension
from gateway.http_semantics import METHODS

# Every method that no rule can name.
OTHER_METHOD: Final = "other"
ANY_METHOD: Final = (*METHODS, OTHER_METHOD)
# Requests with GET that open a WebSocket.
WEBSOCKET: Final = "WEBSOCKET"


@dataclass(frozen=True, slots=True)
class Who:
    """A set of people and circumstances: logged in or not, and a set of cells in every dimension."""

    logged_in: bool
    dimensions: tuple[Dimension, ...]
    cube: Cube

    def parts(self) -> Iterator[tuple[Dimension, tuple[Cell, ...], bool]]:
        """What restricts it: dimension, cells, and whether it is "all but those cells", where that is shorter."""
        for dimension, chosen in zip(self.dimensions, self.cube, strict=True):
            if len(chosen) == len(dimension.cells):
                continue
            inside = tuple(cell for number, cell in enumerate(dimension.cells) if number in chosen)
            outside = tuple(cell for number, cell in enumerate(dimension.cells) if number not in chosen)
            but = len(outside) < len(inside)
            yield dimension, outside if but else inside, but

    def signature(self) -> tuple[Any, ...]:
        """Equal for two sets that are described the same."""
        parts = ((each.key, tuple(cell.words for cell in cells), but) for each, cells, but in self.parts())
        return self.logged_in, *parts


@dataclass(frozen=True, slots=True)
class Change:
    """Requests that `old_rule` decides in the old set and `new_rule` in the new one, and who gains or loses by it.

    `moves`: whose requests go to another upstream or redirect. `old_goes` and `new_goes` are where the rules send what
    they let pass, in words; None where there is no rule.

    `path` is the pattern that both rules match, without the values of its variables in `other_than`. `partly` is set
    where earlier rules decide some of those requests. `example` is one path. `host` is None for the public host.
    `inexact` says why the change may be incomplete.
    """

    old_rule: str | None
    new_rule: str | None
    methods: tuple[str, ...]
    host: str | None
    path: str
    other_than: tuple[tuple[tuple[str, str], ...], ...]
    partly: bool
    example: str
    gains: tuple[Who, ...]
    loses: tuple[Who, ...]
    moves: tuple[Who, ...]
    old_goes: str | None
    new_goes: str | None
    inexact: str | None
