"""Moments and durations in the words of a language, in Belgian time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal

from gateway.model import Language

_BRUSSELS: Final = ZoneInfo("Europe/Brussels")
# English pages are for readers in Europe.
_REGIONS: Final[Mapping[Language, str]] = {"en": "en_GB"}
# By language: the day with its time, and the patterns (Unicode CLDR) of a whole hour, of minutes, and of seconds.
_CLOCK: Final[Mapping[Language, tuple[str, str, str, str]]] = {
    "nl": ("{day} om {time}", "H 'uur'", "H.mm 'uur'", "H.mm.ss 'uur'"),
    "en": ("{day} at {time}", "H:mm", "H:mm", "H:mm:ss"),
    "fr": ("{day} à {time}", "H 'h'", "H 'h' mm", "H 'h' mm 'min' ss"),
    "de": ("{day} um {time}", "H 'Uhr'", "H.mm 'Uhr'", "H.mm.ss 'Uhr'"),
}
# By language, for an hour that comes twice: the first one, by summer time, and the second.
_SEASONS: Final[Mapping[Language, tuple[str, str]]] = {
    "nl": ("zomertijd", "wintertijd"),
    "en": ("summer time", "winter time"),
    "fr": ("heure d'été", "heure d'hiver"),
    "de": ("Sommerzeit", "Winterzeit"),
}
_ANY_SEASON: Final = ("UTC+2", "UTC+1")
_UNITS: Final = (86_400, 3_600, 60, 1)
_ANY_CLOCK: Final = ("{day}, {time}", "HH:mm", "HH:mm", "HH:mm:ss")


def spoken_time(moment: datetime, language: Language, *, seconds: bool = False) -> str:
    """A moment as people say it: "zondag 29 november 2026 om 3 uur". A naive one counts as Brussels time.

    `seconds` are shown on request only, for waits that are that short.
    """
    local = _local(moment)
    together = _CLOCK.get(language, _ANY_CLOCK)[0]
    return together.format(
        day=format_date(local, "full", locale=_locale(language)),
        time=_clock(local, language, seconds=seconds),
    )


def spoken_clock(moment: datetime, language: Language, *, seconds: bool = False) -> str:
    """The time of the day alone: "5.20 uur"."""
    return _clock(_local(moment), language, seconds=seconds)


def spoken_day(day: date, language: Language) -> str:
    """A day, or that of a moment in Belgium: "zondag 29 november 2026"."""
    local = _local(day) if isinstance(day, datetime) else day
    return format_date(local, "full", locale=_locale(language))


def spoken_hour(moment: float, language: Language) -> str:
    """The time of the day of a moment in seconds since the epoch: "14.20 uur"."""
    return spoken_clock(datetime.fromtimestamp(moment, _BRUSSELS), language)


def spoken_size(octets: int, language: Language) -> str:
    """A size: "10 MB", "0,3 MB"."""
    return f"{format_decimal(octets / 1_048_576, format='#,##0.#', locale=_locale(language))} MB"


def spoken_duration(seconds: float, language: Language) -> str:
    """A duration in the largest unit of which it is two or exactly one, rounded up: "90 seconden", "2 uur"."""
    whole = max(1, ceil(seconds))
    unit = next(unit for unit in _UNITS if whole >= 2 * unit or unit in (whole, 1))
    rounded = timedelta(seconds=ceil(whole / unit) * unit)
    return format_timedelta(rounded, threshold=1 if whole == unit else 2, locale=_locale(language))


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=_BRUSSELS) if moment.tzinfo is None else moment.astimezone(_BRUSSELS)


def _locale(language: Language) -> Locale:
    return Locale.parse(_REGIONS.get(language, language))


def _clock(local: datetime, language: Language, *, seconds: bool) -> str:
    _, hour, minutes, every = _CLOCK.get(language, _ANY_CLOCK)
    pattern = every if seconds and local.second else minutes if local.minute else hour
    spoken = format_time(local, pattern, tzinfo=_BRUSSELS, locale=_locale(language))
    if not _comes_twice(local):
        return spoken
    return f"{spoken} ({_SEASONS.get(language, _ANY_SEASON)[local.fold]})"


def _comes_twice(local: datetime) -> bool:
    """Whether clocks show this time a second time, an hour later, because they are put back."""
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second
