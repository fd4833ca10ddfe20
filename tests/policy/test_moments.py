"""Moments at which verdicts may change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.plugin import OpeningHours, parse_span
from gateway.policy.moments import BRUSSELS, changing_moments

NOON = datetime(2026, 1, 6, 12, 0, tzinfo=BRUSSELS)
WINTER_WEEK = date(2026, 1, 5)
STEP = 900


def test_weekly_moments_come_again() -> None:
    opening = NOON.replace(hour=8)
    found = set(changing_moments([opening.timestamp()], NOON.timestamp(), 8))
    assert (opening + timedelta(days=7)).timestamp() in found
    assert opening.timestamp() not in found


def test_a_moment_is_not_later_than_itself() -> None:
    now = NOON.timestamp()
    found = set(changing_moments([now], now, 8))
    assert now not in found
    assert (NOON + timedelta(days=7)).timestamp() in found


def test_numbers_that_are_no_moments_are_left_out() -> None:
    wild = [float("nan"), float("inf"), -float("inf"), 1e30, -1e30, NOON.timestamp()]
    found = set(changing_moments(wild, NOON.timestamp(), 8))
    assert found == set(changing_moments([NOON.timestamp()], NOON.timestamp(), 8))


def test_where_nothing_changes_there_is_no_moment() -> None:
    assert not [*changing_moments([], NOON.timestamp(), 8)]


@pytest.mark.parametrize(
    ("zone", "span", "day"),
    [
        ("Europe/Brussels", "08:00-18:00", "2026-07-01"),
        ("Europe/Brussels", "00:00-02:30", "2026-10-24"),
        ("Europe/Brussels", "02:15-02:45", "2026-10-24"),
        ("Europe/Brussels", "02:30-18:00", "2026-10-24"),
        ("Europe/Brussels", "00:00-02:30", "2027-03-27"),
        ("Europe/Brussels", "02:15-02:45", "2027-03-27"),
        ("Europe/Brussels", "02:30-18:00", "2027-03-27"),
        ("Europe/Brussels", "23:00-24:00", "2028-02-28"),
        ("Europe/Brussels", "00:00-00:30", "2026-12-30"),
        ("UTC", "08:00-18:00", "2026-07-01"),
        ("UTC", "23:30-24:00", "2026-10-24"),
        ("Europe/London", "00:15-01:30", "2026-10-24"),
        ("America/New_York", "08:00-18:00", "2026-10-28"),
        ("America/New_York", "08:00-18:00", "2027-03-20"),
        ("Australia/Sydney", "08:00-18:00", "2026-07-01"),
        ("Asia/Tokyo", "08:00-18:00", "2026-07-01"),
    ],
)
def test_hours_by_the_clock_of_any_zone_change_at_one_of_them(zone: str, span: str, day: str) -> None:
    hours = OpeningHours(ZoneInfo(zone), dict.fromkeys(range(7), (parse_span(span),)))
    known = [each for number in range(8) for each in hours.changes(WINTER_WEEK + timedelta(days=number))]
    start = datetime.fromisoformat(day).replace(tzinfo=BRUSSELS).timestamp()
    changes = {*_changes(hours, start, 2)}
    assert changes
    assert changes <= {*changing_moments(known, start, 2)}


def _changes(hours: OpeningHours, start: float, days: int) -> Iterator[float]:
    """The moments, in steps of some minutes, at which it opens or closes."""
    for step in range(1, days * 86_400 // STEP):
        moment = start + step * STEP
        if hours.is_open(moment) is not hours.is_open(moment - 1):
            yield moment
