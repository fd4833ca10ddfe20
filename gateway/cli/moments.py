"""Moments as people say them: 14:05, gisteren, 26/11 8u30, 2 hours ago, or ISO 8601; in one zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

BRUSSELS: Final = "Europe/Brussels"
ZONE = typer.Option("--zone", help="The time zone of times that are typed and shown.")
Zone = Annotated[str, ZONE]

_DAYS_AGO: Final[Mapping[str, int]] = {
    "vandaag": 0, "today": 0, "gisteren": 1, "yesterday": 1, "eergisteren": 2, "day before yesterday": 2,
    "aujourd'hui": 0, "hier": 1, "avant-hier": 2, "heute": 0, "gestern": 1, "vorgestern": 2,
}  # fmt: skip
_WEEKDAYS: Final = (
    ("maandag", "ma", "monday", "mon"),
    ("dinsdag", "di", "tuesday", "tue"),
    ("woensdag", "wo", "wednesday", "wed"),
    ("donderdag", "do", "thursday", "thu"),
    ("vrijdag", "vr", "friday", "fri"),
    ("zaterdag", "za", "saturday", "sat"),
    ("zondag", "zo", "sunday", "sun"),
)
_MONTHS: Final = (
    ("januari", "january", "jan"), ("februari", "february", "feb"), ("maart", "march", "mrt", "mar"),
    ("april", "apr"), ("mei", "may"), ("juni", "june", "jun"), ("juli", "july", "jul"),
    ("augustus", "august", "aug"), ("september", "sep", "sept"), ("oktober", "october", "okt", "oct"),
    ("november", "nov"), ("december", "dec"),
)  # fmt: skip
_UNITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("s", "sec", "seconde", "seconden", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minuut", "minuten", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "u", "uur", "uren", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "dag", "dagen", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weken", "weeks"), 604_800),
}
_NUMBERS: Final[Mapping[str, float]] = {
    "een": 1, "één": 1, "a": 1, "an": 1, "one": 1, "half": 0.5, "half an": 0.5, "een half": 0.5, "half a": 0.5,
}  # fmt: skip

_OFFSET: Final = r"(?P<offset>z|utc|[+-]\d\d:?\d\d)?"
_CLOCK: Final = re.compile(
    rf"(?P<hour>\d{{1,2}})(?:[:.hu](?P<minute>\d{{2}})?)(?::(?P<second>\d{{2}})(?:\.\d+)?)?\s*(?:uur\s*)?{_OFFSET}"
)
_WHOLE_HOUR: Final = re.compile(r"(?P<hour>\d{1,2})\s*(?:uur|u|h)")
_AGO: Final = re.compile(
    r"-?\s*(?P<number>\d+(?:[.,]\d+)?|een half|half an?|half|een|één|an?|one)\s*(?P<unit>[a-z]+)(?:\s*(?P<ago>geleden|ago|terug))?"
)
_NUMERIC: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?")
_WRITTEN: Final = re.compile(r"(\d{1,2})\s+([a-z]+)\.?(?:\s+(\d{4}))?")
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH: Final = re.compile(r"\d{10}(\.\d+)?")
_HINT: Final = (
    "write 14:05, gisteren 14:05, 2026-11-26, 26/11 8u30, '2 uur geleden', 2h, or 2026-11-26T05:00+01:00"
)


def zone_of(name: str) -> ZoneInfo:
    """The zone with this name of the IANA database. Raises BadParameter."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise typer.BadParameter(
            f"there is no time zone {name!r}: write Europe/Brussels or UTC", param_hint="--zone"
        ) from problem


def read_moment(text: str, zone: ZoneInfo, now: float, *, ends: bool = False) -> float:
    """The moment that is meant, in seconds since the epoch; `now` is the same of this moment.

    A day is its beginning, or with `ends` its end. An hour that comes twice in autumn is the first one, or with `ends` the
    second. Raises ValueError with a message.
    """
    words = " ".join(text.strip().lower().split())
    here = datetime.fromtimestamp(now, zone)
    if words in ("nu", "now"):
        return now
    if _EPOCH.fullmatch(words):
        return float(words)
    ago = _AGO.fullmatch(words)
    # "14u" and "8 uur" are hours of the clock; "2h" is a duration, as everywhere on the command line.
    if ago is not None and ago["unit"] in _UNITS and (ago["ago"] or ago["unit"] not in ("u", "uur")):
        number = _NUMBERS.get(ago["number"])
        amount = number if number is not None else float(ago["number"].replace(",", "."))
        return now - amount * _UNITS[ago["unit"]]
    exact = _iso(text.strip(), zone, ends=ends)
    if exact is not None:
        return exact
    day_words, clock, offset = _split(words, text)
    if not words:
        raise ValueError(f"that is not a moment: {_HINT}")
    day = _day(day_words, here.date(), text)
    if clock is None:
        day, clock = (day + timedelta(days=1) if ends else day), time()
    moment = datetime.combine(day, clock, offset if offset is not None else zone)
    return moment.replace(fold=int(ends)).timestamp()


def shown(at: float, zone: ZoneInfo, *, milliseconds: bool = False) -> str:
    """A moment with its zone: 2026-11-26 14:05:12 CET."""
    moment = datetime.fromtimestamp(at, zone)
    fraction = f".{moment.microsecond // 1000:03d}" if milliseconds else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {moment:%Z}"


def _iso(text: str, zone: ZoneInfo, *, ends: bool) -> float | None:
    if len(text) <= 10 or not _ISO_DAY.match(text) or text[10] not in "tT ":
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=int(ends))
    return moment.timestamp()


def _split(words: str, text: str) -> tuple[str, time | None, tzinfo | None]:
    """The words for a day, "" for today; the time of the day and the zone that it is in, where they are given."""
    head, _, tail = words.rpartition(" ")
    tail_first = head.rpartition(" ")
    first, _, others = words.partition(" ")
    candidates = [(head, tail), ("", words), (others, first)]
    if tail in ("uur", "utc"):
        candidates.insert(0, (tail_first[0], f"{tail_first[2]} {tail}"))
    for day, rest in candidates:
        found = _CLOCK.fullmatch(rest) or _WHOLE_HOUR.fullmatch(rest)
        if found is None:
            continue
        parts = found.groupdict()
        try:
            clock = time(int(parts["hour"]), int(parts.get("minute") or 0), int(parts.get("second") or 0))
        except ValueError as problem:
            raise ValueError(f"{text!r}: there is no such time of the day") from problem
        day_words = day.removesuffix(",").removesuffix(" om").removesuffix(" at")
        return ("" if day in ("om", "at") else day_words), clock, _offset(parts.get("offset"))
    return words, None, None


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    return UTC if written in ("z", "utc") else datetime.fromisoformat(f"2000-01-01T00:00{written}").tzinfo


def _day(words: str, today: date, text: str) -> date:
    if not words:
        return today
    if words in _DAYS_AGO:
        return today - timedelta(days=_DAYS_AGO[words])
    name = words.removeprefix("vorige ").removeprefix("afgelopen ").removeprefix("last ")
    for number, names in enumerate(_WEEKDAYS):
        if name in names:
            back = (today.weekday() - number) % 7
            return today - timedelta(days=back or (7 if name != words else 0))
    try:
        if _ISO_DAY.fullmatch(words):
            return date.fromisoformat(words)
        if numeric := _NUMERIC.fullmatch(words):
            return _dated(int(numeric[1]), int(numeric[2]), numeric[3], today)
        if written := _WRITTEN.fullmatch(words):
            month = next((at for at, names in enumerate(_MONTHS, 1) if written[2] in names), 0)
            return _dated(int(written[1]), month, written[3], today)
    except ValueError as problem:
        raise ValueError(f"{text!r}: there is no such day; {_HINT}") from problem
    raise ValueError(f"{text!r} is not a moment that is understood: {_HINT}")


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    """Without a year it is the last time that there was such a day."""
    if year is not None:
        return date(int(year), month, day)
    found = date(today.year, month, day)
    return found if found <= today else date(today.year - 1, month, day)
