"""Moments: how they are written, and those at which verdicts may change by the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

# In seconds since the epoch, well within what a calendar can say (the years 1 to 9999).
_FIRST: Final = -5e10
_LAST: Final = 2e11
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_SHIFTS: Final = (-3_600, 0, 3_600)
# Sunday, 01:00 UTC; the epoch began on a Thursday.
_CLOCKS_CHANGE: Final = 3 * _DAY + 3_600
BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def in_calendar(moment: float) -> bool:
    """Whether this can be the moment of a day: policies may name any number."""
    return _FIRST < moment < _LAST


def changing_moments(boundaries: Sequence[float], now: float, days: int) -> Iterator[float]:
    """These moments and their weekly repetitions, later than `now` and up to `days` days after it, in any order; in
    seconds since the epoch.

    Their clock may be that of any zone: each repetition comes also an hour earlier and later, for summer time on either
    side, and the hour at which Europe changes its clocks (directive 2000/84/EC) is one of them.
    """
    end = now + days * _DAY
    known = tuple(filter(in_calendar, boundaries))
    weekly = {(moment + shift) % _WEEK for moment in known for shift in _SHIFTS}
    if weekly:
        weekly.add(_CLOCKS_CHANGE)
    for week in range(int(now // _WEEK), int(end // _WEEK) + 1):
        yield from (moment for each in weekly if now < (moment := week * _WEEK + each) < end)
    yield from (moment for moment in known if now < moment < end)


def read_moment(value: Any) -> datetime:
    """A moment in ISO 8601, in the time of Brussels where it has no offset. Raises ValueError."""
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as problem:
        raise ValueError(
            "write a moment as 2026-11-24T08:30, in Brussels' time, or with its offset"
        ) from problem
    return moment if moment.tzinfo is not None else in_belgium(moment)


class NotOneMoment(ValueError):
    """A day and hour that the clocks of Belgium skip, or show twice."""


def in_belgium(moment: datetime) -> datetime:
    """A moment by the clocks of Belgium. Raises NotOneMoment."""
    local = moment.replace(tzinfo=BRUSSELS)
    offsets = [local.replace(fold=fold).utcoffset() for fold in (0, 1)]
    if offsets[0] != offsets[1]:
        exists = local.astimezone(UTC).astimezone(BRUSSELS).replace(tzinfo=None) == moment
        what = "comes twice" if exists else "does not exist"
        raise NotOneMoment(
            f"{moment.isoformat(timespec='minutes')} {what} in Belgium, where clocks change then: write it with its offset, +01:00 or +02:00"
        )
    return local


# A moment: ISO 8601, in the time of Brussels where no offset is given.
Moment = Annotated[datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string"})]
