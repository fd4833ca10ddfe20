"""Checks `maintenance:` of each environment against the rest of the file."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.config.model import Document
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem, unknown
from gateway.policy.maintenance_settings import MaintenanceSettings


def maintenance_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    """Exceptions for rights that do not exist, and paths that cannot be folded."""
    for name, settings in document.environments.items():
        place: Place = ("environments", name, "maintenance")
        for below, words in _faults(
            settings.maintenance, document.rights, settings.paths.case == "insensitive"
        ):
            yield positions.problem((*place, *below), words)


def _faults(
    settings: MaintenanceSettings, rights: Collection[str], folds: bool
) -> Iterator[tuple[Place, str]]:
    lists: list[tuple[Place, tuple[str, ...]]] = [(("except",), settings.except_)]
    for number, window in enumerate(settings.windows):
        lists.append((("windows", number, "except"), window.except_ or ()))
        for index, pattern in enumerate(window.paths if folds else ()):
            try:
                pattern.folding()
            except ValueError as problem:
                yield ("windows", number, "paths", index), str(problem)
    for place, names in lists:
        for index, name in enumerate(names):
            if name not in rights:
                yield (*place, index), unknown("right", name, rights)
