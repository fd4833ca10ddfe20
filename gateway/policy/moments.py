"""The moments at which verdicts may change by the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def changing_moments(
    boundaries: Sequence[float], now: float, days: int, zone: tzinfo = BRUSSELS
) -> Iterator[float]:
    """These moments and their weekly repetitions, up to `days` days after `now`; in seconds since the epoch."""
    today = datetime.fromtimestamp(now, zone).date()
    moments = [datetime.fromtimestamp(moment, zone) for moment in boundaries]
    weekly = {(moment.weekday(), moment.time()) for moment in moments}
    for number in range(days):
        day = today + timedelta(days=number)
        for weekday, time in weekly:
            if weekday == day.weekday():
                yield datetime.combine(day, time, zone).timestamp()
    yield from (moment for moment in boundaries if now < moment < now + days * 86_400)
