"""Planned maintenance that is over, far away or endless, or that closes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.analysis.lint import Finding
from gateway.config.lints.dates import other_zone
from gateway.config.lints.paths import swapped_letters, why_unreachable
from gateway.config.load import Source
from gateway.config.model import Config
from gateway.config.positions import Place
from gateway.policy.maintenance_settings import WindowSettings
from gateway.policy.pattern import Literal, Pattern

_OWN: Final = ("oauth2", ".well-known")
_FAR: Final = timedelta(days=366)
_LONG: Final = timedelta(days=7)
_WEEK: Final = timedelta(days=7).total_seconds()


def maintenance(source: Source, name: str, now: datetime) -> Iterator[Finding]:
    """The findings about the planned maintenances of one environment."""
    windows = source.config.environments[name].maintenance.windows
    for number, window in enumerate(windows):
        place: Place = ("environments", name, "maintenance", "windows", number)
        for below, code, words in (*_times(window, now), *_overlap(window, windows[:number])):
            yield Finding(source.at((*place, *below), at_key=False), code, words)
        for index, pattern in enumerate(window.paths):
            fault = why_nothing_closes(source.config, name, pattern)
            if fault is not None:
                yield Finding(source.at((*place, "paths", index), at_key=False), *fault)


def _times(window: WindowSettings, now: datetime) -> Iterator[tuple[Place, str, str]]:
    if window.from_ is not None and window.until is not None:
        if window.until < now:
            yield ("until",), "maintenance-over", "this maintenance is over: remove it, or mend its dates"
        if window.from_ - now > _FAR:
            yield ("from",), "far-date", "this is more than a year away: write the day that is meant"
        if window.until - window.from_ > _LONG:
            days = (window.until - window.from_).days
            words = f"the register is closed for {days} days: write the moment at which it opens again"
            yield ("until",), "long-maintenance", words
    elif window.hours is not None:
        zone = other_zone(window.zone)
        if zone is not None:
            yield ("zone",), "other-zone", zone
        # A week of summer in which no clock is changed.
        start = datetime(2026, 7, 6, tzinfo=UTC).timestamp()
        span = window.times.span_at(start)
        if span is not None and span[1] - span[0] >= _WEEK:
            yield ("hours",), "long-maintenance", "these hours are the whole week: the register never opens"


def _overlap(window: WindowSettings, earlier: tuple[WindowSettings, ...]) -> Iterator[tuple[Place, str, str]]:
    same = [
        each
        for each in earlier
        if (each.from_, each.until, each.hours, each.paths)
        == (window.from_, window.until, window.hours, window.paths)
    ]
    if same:
        yield (
            (),
            "maintenance-twice",
            "this maintenance stands here twice: the first one counts, with its message and exceptions",
        )


def why_nothing_closes(config: Config, name: str, pattern: Pattern) -> tuple[str, str] | None:
    """(code, words) of why maintenance of this path closes nothing; None where it closes something."""
    first = pattern.parts[0] if pattern.parts else None
    if isinstance(first, Literal) and first.text in _OWN:
        words = (
            f"{pattern.text} is the gateway's own: its pages go on during maintenance, this changes nothing"
        )
        return "maintenance-own-path", words
    settings, rules = config.environments[name], config.rules[name]
    fault = why_unreachable(pattern, settings, settings.paths.names | rules.opens_paths)
    if fault is not None:
        return "impossible-path", fault
    other = swapped_letters(pattern, [rule.pattern for rule in rules.every], capitals=not rules.folds)
    if other is not None:
        return (
            "nearly-a-rule",
            f"no rule has {other[0]!r} in its path, but some have {other[1]!r}: is that meant?",
        )
    return None
