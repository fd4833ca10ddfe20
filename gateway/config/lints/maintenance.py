"""Planned maintenance that is over, and maintenance of paths that are the gateway's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.config.positions import Place
from gateway.policy.moments import BRUSSELS
from gateway.policy.pattern import Literal

_OWN = ("oauth2", ".well-known")


def maintenance(source: Source, name: str, today: date) -> Iterator[Finding]:
    """The findings about the planned maintenances of one environment."""
    for number, window in enumerate(source.config.environments[name].maintenance.windows):
        place: Place = ("environments", name, "maintenance", "windows", number)
        if window.until is not None and window.until.astimezone(BRUSSELS).date() < today:
            words = "this maintenance is over: remove it, or mend its dates"
            yield Finding(source.at((*place, "until"), at_key=False), "maintenance-over", words)
        for index, pattern in enumerate(window.paths):
            first = pattern.parts[0] if pattern.parts else None
            if isinstance(first, Literal) and first.text in _OWN:
                words = f"{pattern.text} is the gateway's own: its pages go on during maintenance, this changes nothing"
                at = source.at((*place, "paths", index), at_key=False)
                yield Finding(at, "maintenance-own-path", words)
