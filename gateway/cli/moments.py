"""Moments as people say them: 14:05, gisteren 14u, 26/11 8u30, vorige week, 2 hours ago, or ISO 8601; in one zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from gateway.cli.moment_words import (
    CLOCK_UNITS,
    DAYS_AGO,
    HOURS,
    LAST,
    LAST_WEEK,
    LEAD,
    MIDNIGHT,
    MONTHS,
    NUMBERS,
    PERIODS,
    THIS_WEEK,
    UNITS,
    WEEKDAYS,
    ZONES,
)
from gateway.policy.moments import in_belgium

BRUSSELS: Final = "Europe/Brussels"
ZONE = typer.Option("--zone", help="The time zone of times that are typed and shown.")
Zone = Annotated[str, ZONE]

_NUMBER: Final = (
    rf"\d{{1,9}}(?:[.,]\d{{1,3}})?|{'|'.join(sorted(filter(None, NUMBERS), key=len, reverse=True))}"
)
_UNIT: Final = "|".join(sorted(UNITS, key=len, reverse=True))
_PART: Final = re.compile(
    rf"(?P<number>{_NUMBER}|)\s*(?P<unit>{_UNIT})(?![^\W\d])(?:\s*(?:en|and|et|und|,)\s*)?\s*"
)
_AGO: Final = re.compile(
    rf"(?P<before>-|il y a|vor|over|in|dans|{LAST})?\s*(?P<amount>\S.*?)\s*(?P<ago>geleden|ago|terug)?"
)
_AHEAD: Final = ("over", "in", "dans")
_JOINED: Final = re.compile(r"(?<=\d)([uh])(?=\d{1,2}$)")
_OFFSET: Final = rf"(?P<offset>{'|'.join(ZONES)}|[+-]\d\d:?\d\d)?"
_CLOCK: Final = re.compile(
    r"(?P<hour>\d{1,2})\s*(?:(?:[:.]|uur|uhr|[hu])\s*(?P<minute>\d{2})?(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
    rf"\s*(?P<half>[ap]\.?m\.?)?\s*(?:uur|uhr|u|h)?\s*{_OFFSET}"
)
_NUMERIC: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?")
_WRITTEN: Final = re.compile(r"(\d{1,2})\.?\s+([^\W\d]+)\.?(?:\s+(\d{4}))?")
_ISO_DAY: Final = re.compile(r"\d{4}([-/]?)\d{2}\1\d{2}")
_EPOCH: Final = re.compile(r"(\d{10})(\d{3}|\.\d+)?")
_LAST: Final = re.compile(rf"(?:vorige|verleden|{LAST})\s+(.+)|(.+?)\s+(?:dernier|dernière)")
_IN_LAST_WEEK: Final = re.compile(rf"(?:(?:{LAST_WEEK})\s+(.+)|(.+?)\s+(?:{LAST_WEEK}))")
_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=366)
_YEAR_NEEDED: Final = timedelta(days=270)
_HINT: Final = "write 14:05, gisteren 14:05, 2026-11-26, 26/11 8u30, maandag, vorige week, '2 uur geleden', 2h, or 2026-11-26T05:00+01:00"


def zone_of(name: str) -> ZoneInfo:
    """The zone with this name of the IANA database. Raises BadParameter."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise typer.BadParameter(
            f"there is no time zone {name!r}: write Europe/Brussels or UTC", param_hint="--zone"
        ) from problem


def read_moment(text: str, zone: ZoneInfo, now: float, *, ends: bool = False, ahead: bool = False) -> float:
    """The moment that is meant, in seconds since the epoch; `now` is the same of this moment.

    A day or week is its beginning, or with `ends` its end. An hour that comes twice in autumn is the first one, or with
    `ends` the second; one that is left out in spring is an hour later. With `ahead`, what may be in the past or in the
    future is in the future, and must be one moment of Belgian clocks. Raises ValueError with a message: NotOneMoment for one
    that they skip or show twice.
    """
    try:
        found = _read(text, zone, now, ends=ends, ahead=ahead)
        if found < 0:
            raise OverflowError
        moment_text(found, zone)
    except (OverflowError, OSError) as problem:
        raise ValueError(f"{text.strip()!r} is not a moment that clocks know: {_HINT}") from problem
    return found


def _read(text: str, zone: ZoneInfo, now: float, *, ends: bool, ahead: bool) -> float:
    words = " ".join(unicodedata.normalize("NFKC", text).lower().strip(" '\"`,;").split()).removesuffix(".")
    words = _without_lead(words)
    if words in ("nu", "now", "maintenant", "jetzt"):
        return now
    if epoch := _EPOCH.fullmatch(words):
        return float(words) / (1_000 if (epoch[2] or "").isdigit() else 1)
    seconds = _duration(words, ahead=ahead)
    if seconds is not None:
        return now + seconds
    exact = _iso(words)
    if exact is None:
        exact = _day_and_time(words, text, datetime.fromtimestamp(now, zone), ends=ends, ahead=ahead)
    if exact.tzinfo is not None:
        return exact.timestamp()
    if ahead:
        return in_belgium(exact).timestamp()
    return _local(exact, zone, second=ends)


def moment_text(at: float, zone: ZoneInfo, *, milliseconds: bool = False) -> str:
    """A moment with its zone: 2026-11-26 14:05:12 CET."""
    moment = datetime.fromtimestamp(at, zone)
    fraction = f".{moment.microsecond // 1000:03d}" if milliseconds else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {moment:%Z}"


def _local(moment: datetime, zone: ZoneInfo, *, second: bool) -> float:
    """Seconds since the epoch. With `second`, the later of two."""
    first, other = (moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    # In an hour that is left out, the one with fold=0 is the later one.
    return max(first, other) if second else first


def _without_lead(words: str) -> str:
    first, _, rest = words.partition(" ")
    return _without_lead(rest) if first in LEAD and rest else words


def _without_trail(words: str) -> str:
    words = words.removesuffix(",").strip()
    rest, _, last = words.rpartition(" ")
    return _without_trail(rest) if last in LEAD else words


def _duration(words: str, *, ahead: bool) -> float | None:
    """The seconds from this moment, where the words say that."""
    found = _AGO.fullmatch(words)
    if found is None:
        return None
    said = bool(found["before"] or found["ago"])
    amount = found["amount"]
    if found["ago"]:
        amount = _JOINED.sub(lambda at: f" {at[1]} ", amount) + ("m" if _JOINED.search(amount) else "")
    total, at, units = 0.0, 0, []
    while at < len(amount):
        part = _PART.match(amount, at)
        # Without a number it is one, but only behind "the last".
        if part is None or not (part["number"] or said):
            return None
        number = NUMBERS.get(part["number"])
        size = number if number is not None else float(part["number"].replace(",", "."))
        total, at = total + size * UNITS[part["unit"]], part.end()
        units.append(part["unit"])
    # "14u" and "8 uur" are hours of the clock; "2h" is a duration, as everywhere on the command line.
    if not said and units[0] in CLOCK_UNITS:
        return None
    return total if found["before"] in _AHEAD or (ahead and not said) else -total


def _iso(words: str) -> datetime | None:
    if not _ISO_DAY.match(words) or len(words) <= 10:
        return None
    try:
        return datetime.fromisoformat(words.upper().replace("/", "-"))
    except ValueError:
        return None


def _day_and_time(words: str, text: str, here: datetime, *, ends: bool, ahead: bool) -> datetime:
    """A moment in the zone of `here`, or in the one that is said."""
    if not words:
        raise ValueError(f"that is not a moment: {_HINT}")
    if words in PERIODS:
        days, begins, over = PERIODS[words]
        midnight = datetime.combine(here.date() - timedelta(days=days), time())
        return midnight + timedelta(hours=over if ends else begins)
    weeks = 1 if re.fullmatch(LAST_WEEK, words) else 0
    if weeks or re.fullmatch(THIS_WEEK, words):
        monday = here.date() - timedelta(days=here.weekday() + 7 * weeks)
        return datetime.combine(monday + (7 * _DAY if ends else timedelta()), time())
    wrong: ValueError | None = None
    for day_words, rest in _splits(words):
        clock = _CLOCK.fullmatch("24:00" if ahead and rest in MIDNIGHT else HOURS.get(rest, rest))
        # A number alone is no time.
        if clock is None or rest.isdigit():
            continue
        try:
            day = _day(_without_trail(_without_lead(day_words)), here.date(), text, ahead=ahead)
            return _at(clock, day, text)
        except ValueError as problem:
            wrong = wrong or problem
    try:
        whole = _day(words, here.date(), text, ahead=ahead)
    except ValueError as problem:
        raise wrong or problem from None
    return datetime.combine(whole + _DAY if ends else whole, time())


def _splits(words: str) -> list[tuple[str, str]]:
    """Each way to part the words in those for a day and those for a time; the whole as a time comes first."""
    parts = words.split(" ")
    behind = [(" ".join(parts[:at]), " ".join(parts[at:])) for at in range(len(parts))]
    before = [(" ".join(parts[at:]), " ".join(parts[:at])) for at in range(len(parts) - 1, 0, -1)]
    return [*behind, *before]


def _at(clock: re.Match[str], day: date, text: str) -> datetime:
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), int(clock["second"] or 0)
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"][0] == "p" else 0) if 1 <= hour <= 12 else 99
    try:
        if (hour, minute, second) == (24, 0, 0):
            moment = datetime.combine(day + _DAY, time())
        else:
            moment = datetime.combine(day, time(hour, minute, second))
    except ValueError as problem:
        raise ValueError(f"{text!r}: there is no such time of the day") from problem
    return moment.replace(tzinfo=_offset(clock["offset"]))


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    return datetime.fromisoformat(f"2000-01-01T00:00{ZONES.get(written, written)}").tzinfo


def _day(words: str, today: date, text: str, *, ahead: bool) -> date:
    if not words:
        return today
    if words in DAYS_AGO:
        return today - timedelta(days=DAYS_AGO[words])
    if in_week := _IN_LAST_WEEK.fullmatch(words):
        weekday = _weekday(in_week[1] or in_week[2])
        if weekday is not None:
            return today - timedelta(days=today.weekday() + 7 - weekday)
    last = _LAST.fullmatch(words)
    name = (last[1] or last[2]) if last else words.removeprefix("deze ").removeprefix("this ")
    weekday = _weekday(name)
    if weekday is not None:
        if ahead and not last:
            return today + timedelta(days=(weekday - today.weekday()) % 7)
        return today - timedelta(days=(today.weekday() - weekday) % 7 or (7 if last else 0))
    first, _, rest = words.partition(" ")
    said = _weekday(first)
    if said is None or not rest:
        return _dated(words, today, text, ahead=ahead)
    day = _dated(rest, today, text, ahead=ahead)
    if day.weekday() != said:
        raise ValueError(f"{text!r}: {day:%Y-%m-%d} is not a {WEEKDAYS[said][2]}; there is no such day")
    return day


def _weekday(name: str) -> int | None:
    name = name.strip(" .,")
    return next((number for number, names in enumerate(WEEKDAYS) if name in names), None)


def _dated(words: str, today: date, text: str, *, ahead: bool) -> date:
    """Without a year it is the last time that there was such a day, or with `ahead` the next."""
    try:
        if _ISO_DAY.fullmatch(words):
            return date.fromisoformat(words.replace("/", "-"))
        if numeric := _NUMERIC.fullmatch(words):
            day, month, year = int(numeric[1]), int(numeric[2]), numeric[3]
        elif written := _WRITTEN.fullmatch(words):
            month = next(at for at, names in enumerate(MONTHS, 1) if written[2] in names)
            day, year = int(written[1]), written[3]
        else:
            raise LookupError
        if year is not None:
            return date(int(year) + (2_000 if len(year) == 2 else 0), month, day)
        return _nearest(day, month, today, ahead=ahead)
    except (LookupError, StopIteration):
        raise ValueError(f"{text!r} is not a moment that is understood: {_HINT}") from None
    except ValueError as problem:
        raise ValueError(f"{text!r}: there is no such day; {_HINT}") from problem


def _nearest(day: int, month: int, today: date, *, ahead: bool) -> date:
    found = _first_such_day(day, month, today, 1 if ahead else -1)
    if found - today < _YEAR_NEEDED:
        return found
    # Whoever writes 25/11 on the 26th does not mean a year from now.
    past = _first_such_day(day, month, today, -1)
    return past if today - past <= _YEAR - _YEAR_NEEDED else found


def _first_such_day(day: int, month: int, today: date, step: int) -> date:
    """Raises ValueError where no year has it."""
    # 29 February is eight years away at most.
    for year in range(today.year, today.year + 9 * step, step):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today if step > 0 else found <= today:
            return found
    return date(today.year, month, day)
