"""The moments at which verdicts may change by the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

# In seconds since the epoch, well within what a calendar can say (the years 1 to 9999).
_FIRST: Final = -5e10
_LAST: Final = 2e11
BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def in_calendar(moment: float) -> bool:
    """Whether this can be the moment of a day: policies may name any number."""
    return _FIRST < moment < _LAST


def changing_moments(
    boundaries: Sequence[float], now: float, days: int, zone: tzinfo = BRUSSELS
) -> Iterator[float]:
    """These moments and their weekly repetitions, up to `days` days after `now`; in seconds since the epoch."""
    today = datetime.fromtimestamp(now, zone).date()
    moments = [datetime.fromtimestamp(moment, zone) for moment in filter(in_calendar, boundaries)]
    weekly = {(moment.weekday(), moment.time()) for moment in moments}
    for number in range(days):
        day = today + timedelta(days=number)
        for weekday, time in weekly:
            if weekday == day.weekday():
                yield datetime.combine(day, time, zone).timestamp()
    yield from (moment for moment in boundaries if now < moment < now + days * 86_400)
