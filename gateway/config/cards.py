"""The lock between environments in different files: compares those of one file with the cards of others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from gateway.config.card import EnvironmentCard, card_of, read_card
from gateway.config.model import Document, EnvironmentSettings
from gateway.config.positions import Positions
from gateway.config.problems import Problem
from gateway.files.plain_file import read_plain


def card_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    """What environments of the file share with those of `environment_cards`, and cards that cannot be read."""
    for number, place in enumerate(document.environment_cards):
        for words in shared_with(document.environments, [place]):
            yield positions.problem(("environment_cards", number), words)


def shared_with(environments: Mapping[str, EnvironmentSettings], places: Iterable[Path]) -> Iterator[str]:
    """What environments share with those of the cards in these files and folders, one message for each pair."""
    now = time.time()
    for place in places:
        files = sorted(place.glob("*.json")) if place.is_dir() else [place]
        if not files:
            yield f"there is no card in {place}: `gateway config card` makes one"
        for file in files:
            try:
                other = read_card(read_plain(file))
            except OSError as problem:
                yield f"cannot read {file}: {problem.strerror}; `gateway config card` makes a card"
            except ValueError as problem:
                yield f"{file}: {problem}"
            else:
                for name, settings in environments.items():
                    yield from _shared(card_of(name, settings, now), other, file)


def _shared(own: EnvironmentCard, other: EnvironmentCard, file: Path) -> Iterator[str]:
    if shared := own.shared(other):
        day = datetime.fromtimestamp(other.made, UTC).date().isoformat()
        yield (
            f"environments {own.environment!r} and {other.environment!r} share: {', '.join(shared)}; each needs its own"
            f" (its card: {file}, of {day})"
        )
