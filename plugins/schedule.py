"""Opening hours: hours by day of the week, a first and a last day, and holidays, in a time zone."""

from datetime import date, datetime, timedelta
from math import inf
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, PrivateAttr

from gateway.plugin import (
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    LoadContext,
    Missing,
    OpeningHours,
    Policy,
    UnknownName,
    Verdict,
    parse_days,
    parse_span,
)

_ANY_WEEK = date(2026, 1, 5)
# The weeks around a day are looked at too, in any time zone: they must be in the calendar.
_EDGE = timedelta(days=14)


def _day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        try:
            day = date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as problem:
            raise ValueError(f"{value!r} is no day: write year-month-day, as 2026-01-31") from problem
    if not date.min + _EDGE <= day <= date.max - _EDGE:
        raise ValueError(f"{value} is where the calendar ends: where no day is meant, leave it out")
    return day


Day = Annotated[date, BeforeValidator(_day)]


def _zone(name: object) -> object:
    if name not in available_timezones():
        raise UnknownName("time zone", name, tuple(available_timezones()))
    return name


class Schedule(Policy, name="schedule"):
    """Holds during opening hours; a refusal says when it opens next.

    Hours are local time, also on the days when the clock is put forward or back. Without `hours` it is open all day,
    without `from` and `until` every day.
    """

    hours: Annotated[dict[str, str | tuple[str, ...]], Field(min_length=1)] | None = None
    """Hours by day: `{mon-fri: 08:00-18:00, sat: [09:00-12:00, 13:00-17:00]}`; other days are closed."""

    from_: Day | None = Field(default=None, alias="from")
    """The first day, as 2026-01-31."""

    until: Day | None = None
    """The last day on which it is open."""

    closed: tuple[Day, ...] = ()
    """Days that are closed, such as holidays."""

    zone: Annotated[str, BeforeValidator(_zone)] = "Europe/Brussels"
    """The time zone of the hours and days, by its name in the IANA time zone database."""

    _opening: OpeningHours = PrivateAttr()
    # Since when and until when it is known to be closed: finding that takes a while.
    _closed: tuple[float, float, Deny] = PrivateAttr(default=(inf, 0.0, Deny("")))
    _known: Distinctions | None = PrivateAttr(default=None)

    def resolve(self, context: LoadContext) -> None:
        if self.hours is None and self.from_ is None and self.until is None and not self.closed:
            raise ValueError("give at least one of hours, from, until and closed")
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise ValueError("until is before from")
        written = self.hours if self.hours is not None else {"mon-sun": "00:00-24:00"}
        hours = {}
        for days, spans in written.items():
            for day in parse_days(days):
                if day in hours:
                    raise ValueError(f"a day has its hours twice: {days}")
                several = (spans,) if isinstance(spans, str) else spans
                hours[day] = tuple(parse_span(span) for span in several)
        self._opening = OpeningHours(
            ZoneInfo(self.zone), hours, self.from_, self.until, frozenset(self.closed)
        )

    def decide(self, facts: Facts) -> Verdict:
        if self._opening.is_open(facts.now):
            return Allow("open-now")
        asked, opens, verdict = self._closed
        if not asked <= facts.now < opens:
            found = self._opening.opens_after(facts.now)
            opens = found.timestamp() if found is not None else inf
            verdict = self._denial(found, facts.now)
            self._closed = facts.now, opens, verdict
        return verdict

    def _denial(self, opens: datetime | None, now: float) -> Deny:
        if opens is None:
            today = datetime.fromtimestamp(now, ZoneInfo(self.zone)).date()
            ended = self.until.isoformat() if self.until is not None and self.until < today else None
            return Deny("closed-for-good", ((Missing(kind="time", remedy="none", detail=ended),),))
        wait = Missing(kind="time", remedy="wait", detail=opens.isoformat(timespec="minutes"))
        return Deny("closed-now", ((wait,),))

    def distinctions(self) -> Distinctions:
        # Advice after a denial asks for them, and finding them takes milliseconds.
        if self._known is None:
            bounds = (day for day in (self.from_, self.until, *self.closed) if day is not None)
            days = [start + timedelta(days=n) for start in (_ANY_WEEK, *bounds) for n in range(-1, 8)]
            moments = {moment for day in days for moment in self._opening.changes(day)}
            self._known = Distinctions(moments=tuple(sorted(moments)))
        return self._known
