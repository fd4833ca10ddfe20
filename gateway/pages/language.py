"""Chooses the language of a page among those that the configuration offers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from gateway.model import Language

_LONGEST: Final = 1_000
_KEPT: Final = 1_000


class Languages:
    """The languages of the pages in the order of preference; the first one is for everybody who asks for none of them."""

    def __init__(self, offered: Sequence[Language]) -> None:
        self.offered = tuple(offered)
        # Browsers send few different ones, each with every request.
        self._known = lru_cache(_KEPT)(self._chosen)

    def negotiate(self, accept_language: bytes | None) -> Language:
        """The preferred language of an Accept-Language header (RFC 9110 section 12.5.4).

        Weights are honoured, a language with weight 0 is not used, and rubbish is skipped. Among equal weights the
        one that is named first counts.
        """
        return self._known((accept_language or b"")[:_LONGEST])

    def _chosen(self, accept_language: bytes) -> Language:
        weights: dict[str, float] = {}
        for tag, weight in _ranges(accept_language):
            if tag == "*" or tag in self.offered:
                weights[tag] = max(weight, weights.get(tag, 0.0))
        rest = weights.pop("*", 0.0)
        named = max(weights, key=weights.__getitem__, default=None)
        if named is not None and weights[named] > 0.0 and weights[named] >= rest:
            return named
        unnamed = (each for each in self.offered if each not in weights)
        return next(unnamed, self.offered[0]) if rest > 0.0 else self.offered[0]


def _ranges(header: bytes) -> Iterator[tuple[str, float]]:
    for element in header.decode("latin-1").lower().split(","):
        tag, *parameters = (part.strip() for part in element.split(";"))
        weight = _weight(parameters)
        if weight is not None:
            yield tag.partition("-")[0], weight


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() != "q":
            continue
        value = value.strip()
        digits = value.replace(".", "", 1)
        if not digits or not digits.isascii() or not digits.isdigit() or len(value) > 10:
            return None
        weight = float(value)
        return weight if weight <= 1.0 else None
    return 1.0
