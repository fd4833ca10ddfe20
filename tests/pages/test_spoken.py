"""Moments and durations as people say them."""

from datetime import UTC, datetime

import pytest

from gateway.model import Language
from gateway.pages.spoken import spoken_clock, spoken_duration, spoken_time

HOUR = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
SECONDS = datetime(2026, 11, 29, 4, 20, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "hour", "minutes", "seconds"),
    [
        ("nl", "zondag 29 november 2026 om 3 uur", "5.20 uur", "5.20.07 uur"),
        ("en", "Sunday, 29 November 2026 at 3:00", "5:20", "5:20:07"),
        ("fr", "dimanche 29 novembre 2026 à 3 h", "5 h 20", "5 h 20 min 07"),
        ("de", "Sonntag, 29. November 2026 um 3 Uhr", "5.20 Uhr", "5.20.07 Uhr"),
        ("es", "domingo, 29 de noviembre de 2026, 03:00", "05:20", "05:20:07"),
    ],
)
def test_a_moment(language: Language, hour: str, minutes: str, seconds: str) -> None:
    assert spoken_time(HOUR, language) == hour
    assert spoken_clock(SECONDS, language) == minutes
    assert spoken_clock(SECONDS, language, seconds=True) == seconds
    assert spoken_time(HOUR, language, seconds=True) == hour


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("nl", "2.30 uur (zomertijd)", "2.30 uur (wintertijd)"),
        ("en", "2:30 (summer time)", "2:30 (winter time)"),
        ("fr", "2 h 30 (heure d'été)", "2 h 30 (heure d'hiver)"),
        ("de", "2.30 Uhr (Sommerzeit)", "2.30 Uhr (Winterzeit)"),
        ("es", "02:30 (UTC+2)", "02:30 (UTC+1)"),
    ],
)
def test_of_an_hour_that_comes_twice_is_said_which(language: Language, first: str, second: str) -> None:
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [spoken_clock(each, language) for each in moments] == [first, second]
    assert spoken_time(moments[1], language).endswith(second)


def test_other_hours_of_days_on_which_clocks_change_are_said_as_always() -> None:
    moments = [datetime(2026, 10, 24, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 2, 0, tzinfo=UTC)]
    moments += [datetime(2027, 3, 28, 0, 59, tzinfo=UTC), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)]
    assert [spoken_clock(each, "nl") for each in moments] == ["1.59 uur", "3 uur", "1.59 uur", "3 uur"]


def test_a_moment_without_a_zone_is_one_in_brussels() -> None:
    assert spoken_time(datetime(2026, 6, 24, 8, 0), "nl") == "woensdag 24 juni 2026 om 8 uur"
    assert spoken_time(datetime(2026, 6, 24, 8, 0, tzinfo=UTC), "nl") == "woensdag 24 juni 2026 om 10 uur"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 seconde"),
        (12, "12 seconden"),
        (60, "1 minuut"),
        (90, "90 seconden"),
        (300, "5 minuten"),
        (301, "6 minuten"),
        (3_600, "1 uur"),
        (7_200, "2 uur"),
        (100_000, "28 uur"),
        (864_000, "10 dagen"),
    ],
)
def test_a_duration_is_rounded_up(seconds: float, words: str) -> None:
    assert spoken_duration(seconds, "nl") == words


def test_a_duration_in_other_languages() -> None:
    assert [spoken_duration(300, each) for each in ("en", "fr", "de")] == [
        "5 minutes",
        "5 minutes",
        "5 Minuten",
    ]
