"""Opening hours: when something is open and when it opens next, by the local clock of a time zone, DST included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[time, time | None]
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_FARTHEST = 800
_LONGEST_SPAN = 9


def parse_days(text: str) -> tuple[int, ...]:
    """The days of the week (Monday is 0) in `mon`, `mon-fri` or `sat-sun`. Raises ValueError."""
    first, hyphen, last = text.partition("-")
    if first not in DAYS or (hyphen and last not in DAYS):
        raise ValueError(f"{text!r} is not a day of the week: write {', '.join(DAYS)}, or mon-fri")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise ValueError(f"{text!r} runs backwards: the week begins on Monday")
    return tuple(range(start, end + 1))


def parse_span(text: str) -> Span:
    """Start and end of `08:00-18:00`; the end is None for midnight (24:00). Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a span of hours: write 08:00-18:00, or [08:00-12:00, 13:00-18:00] for several"
        )
    start = time(int(found[1]), int(found[2]))
    end = time(int(found[3]), int(found[4])) if found[3] is not None else None
    if end is not None and end <= start:
        raise ValueError(f"{text!r} ends before it begins: write the part after midnight under the next day")
    return start, end


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When something is open: `hours` by day of the week (Monday is 0), from the day `first` to the day `last`, except
    on days that are `closed`."""

    zone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]]
    first: date | None = None
    last: date | None = None
    closed: frozenset[date] = frozenset()

    def is_open(self, now: float) -> bool:
        """Whether it is open at this moment, in seconds since the epoch."""
        there = datetime.fromtimestamp(now, self.zone)
        clock = there.time()
        return any(
            start <= clock and (end is None or clock < end) for start, end in self._spans(there.date())
        )

    def opens_after(self, now: float) -> datetime | None:
        """The first moment after `now` (seconds since the epoch) at which it opens, in local time; None where it never does."""
        day = datetime.fromtimestamp(now, self.zone).date()
        if self.first is not None:
            day = max(day, self.first)
        for number in range(_FARTHEST):
            there = day + timedelta(days=number)
            if self.last is not None and there > self.last:
                return None
            for moment in self.changes(there):
                if moment > now and self.is_open(moment):
                    return datetime.fromtimestamp(moment, self.zone)
        return None

    def span_at(self, now: float) -> tuple[float, float] | None:
        """Since when it is open at this moment and until when, in seconds since the epoch; None where it is closed.

        Hours that follow one another without a break, as over midnight, are one span; infinite where it never changes.
        """
        if not self.is_open(now):
            return None
        day = datetime.fromtimestamp(now, self.zone).date()
        later = (
            moment for number in range(_LONGEST_SPAN) for moment in self.changes(day + timedelta(number))
        )
        until = next((each for each in later if each > now and not self.is_open(each)), inf)
        for number in range(_LONGEST_SPAN):
            for moment in reversed(tuple(self.changes(day - timedelta(number)))):
                if moment <= now and not self.is_open(moment - 1):
                    return moment, until
        return -inf, until

    def changes(self, day: date) -> Iterator[float]:
        """Every moment of this day, in order, at which it may open or close, in seconds since the epoch."""
        clocks = {time(), *(clock for span in self._spans(day) for clock in span if clock is not None)}
        moments = {
            datetime.combine(day, clock, self.zone).replace(fold=fold).timestamp()
            for clock in clocks
            for fold in (0, 1)
        }
        moments.update(self._jump(day))
        yield from sorted(
            moment for moment in moments if datetime.fromtimestamp(moment, self.zone).date() == day
        )

    def _spans(self, day: date) -> tuple[Span, ...]:
        if (self.first is not None and day < self.first) or (self.last is not None and day > self.last):
            return ()
        return () if day in self.closed else self.hours.get(day.weekday(), ())

    def _jump(self, day: date) -> Iterator[float]:
        """The moment at which the clock is put forward or back, where that happens on this day."""
        start = int(datetime.combine(day, time(), self.zone).timestamp())
        end = int(datetime.combine(day + timedelta(days=1), time(), self.zone).timestamp())
        before = self._offset(start)
        if self._offset(end) == before:
            return
        while end - start > 1:
            middle = (start + end) // 2
            start, end = (middle, end) if self._offset(middle) == before else (start, middle)
        yield float(end)

    def _offset(self, moment: float) -> timedelta | None:
        return datetime.fromtimestamp(moment, self.zone).utcoffset()
