"""Opening hours by the local clock, DST included."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.plugin import OpeningHours, parse_days, parse_span

BRUSSELS = ZoneInfo("Europe/Brussels")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).timestamp()


OFFICE = OpeningHours(
    BRUSSELS,
    dict.fromkeys(parse_days("mon-fri"), (parse_span("08:00-18:00"),)),
    first=date(2026, 1, 5),
    last=date(2026, 1, 16),
    closed=frozenset((date(2026, 1, 7),)),
)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-01-05T07:59:59", False),
        ("2026-01-05T08:00", True),
        ("2026-01-05T18:00", False),
        ("2026-01-07T12:00", False),
        ("2026-01-10T12:00", False),
        ("2026-01-02T12:00", False),
        ("2026-01-19T12:00", False),
    ],
)
def test_when_it_is_open(text: str, is_open: bool) -> None:
    assert OFFICE.is_open(moment(text)) is is_open


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("2025-12-01T00:00", "2026-01-05T08:00+01:00"),
        ("2026-01-06T19:00", "2026-01-08T08:00+01:00"),
        ("2026-01-09T19:00", "2026-01-12T08:00+01:00"),
        ("2026-01-16T18:00", None),
    ],
)
def test_when_it_opens_next(text: str, opens: str | None) -> None:
    found = OFFICE.opens_after(moment(text))
    assert (found.isoformat(timespec="minutes") if found else None) == opens


def test_the_change_of_the_clock_is_a_change() -> None:
    night = OpeningHours(BRUSSELS, {6: (parse_span("02:30-05:00"),)})
    changes = [
        datetime.fromtimestamp(each, BRUSSELS).isoformat() for each in night.changes(date(2026, 3, 29))
    ]
    assert "2026-03-29T03:00:00+02:00" in changes
    assert night.is_open(moment("2026-03-29T03:00"))


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-funday", "fri-mon"])
def test_days_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day of the week|runs backwards"):
        parse_days(text)


@pytest.mark.parametrize("text", ["", "8:00-18:00", "08:00", "08:00-25:00", "18:00-08:00", "24:00-24:00"])
def test_spans_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"span of hours|ends before"):
        parse_span(text)


def test_midnight_ends_a_day() -> None:
    assert parse_span("20:00-24:00")[1] is None
    assert parse_days("sat-sun") == (5, 6)
