"""Dates of schedules that have passed, or that are too far away to be meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.policy.moments import BRUSSELS
from gateway.policy.ruleset import Rule, walk

_FAR_YEARS: Final = 10


def dates(source: Source, name: str, today: date) -> Iterator[Finding]:
    """The findings about rules of one environment whose policies have `from`, `until` or `closed`."""
    for rule in source.config.rules[name].every:
        for code, words in _of_rule(rule, today):
            if code not in rule.accepts:
                yield Finding(rule.at, code, f"rule {rule.id!r}: {words}")


def other_zone(name: object) -> str | None:
    """What is odd about a time zone whose clocks are not those of Belgium; None for one that has the same time."""
    if not isinstance(name, str):
        return None
    there = ZoneInfo(name)
    for day in (datetime(2026, 1, 6, 12), datetime(2026, 7, 6, 12)):
        if day.replace(tzinfo=there) != day.replace(tzinfo=BRUSSELS):
            season = "winter" if day.month == 1 else "summer"
            return f"clocks of {name} differ from those in Belgium in {season}: leave `zone` out, unless that is meant"
    return None


def _of_rule(rule: Rule, today: date) -> Iterator[tuple[str, str]]:
    for policy in walk(rule.require):
        zone = other_zone(getattr(policy, "zone", None))
        if zone is not None:
            yield "other-zone", zone
        first, last = _day(policy, "from_"), _day(policy, "until")
        closed: Any = getattr(policy, "closed", ())
        days = [day for day in closed if isinstance(day, date)] if isinstance(closed, tuple) else []
        if last is not None and last < today:
            yield (
                "past-date",
                f"its schedule ended on {last}: it never holds again; remove the rule, or write the day that is meant",
            )
        elif days and max(days) < today and (last is None or last > today):
            yield (
                "past-date",
                f"all its closed days have passed, the last one was {max(days)}: add those to come",
            )
        for name, day in (("from", first), ("until", last), *(("closed", day) for day in days)):
            if day is not None and not -_FAR_YEARS <= day.year - today.year <= _FAR_YEARS:
                yield (
                    "far-date",
                    f"{name}: {day} is more than {_FAR_YEARS} years away; write the day that is meant",
                )


def _day(policy: object, name: str) -> date | None:
    value = getattr(policy, name, None)
    return value if isinstance(value, date) else None
