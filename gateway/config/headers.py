"""Headers that the gateway would send twice: for who asks, and with a fixed value for the register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.config.positions import Positions
from gateway.config.problems import Problem
from gateway.identity.names import fold

if TYPE_CHECKING:
    from gateway.config.model import Document


def header_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    """Every fixed header that is an identity header, or the assertion's, in any spelling."""
    for name, settings in document.environments.items():
        ours = {fold(each.encode()): each for each in (*document.identity.headers, settings.assertion.header)}
        for header in settings.upstream.headers:
            other = ours.get(fold(header.encode()))
            if other is not None:
                place = ("environments", name, "upstream", "headers", header)
                words = f"{header} is {other}, which says who asks: give this header another name"
                yield positions.problem(place, words, at_key=True)
