"""The policy `schedule`: opening hours on the clock of the place, dates, holidays, and when it opens next."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.plugin import Allow, Deny, Missing, Verdict
from gateway.plugin.testing import OptionsRefused, facts, policy
from plugins.schedule import Schedule

OFFICE: dict[str, Any] = {
    "hours": {"mon-fri": "08:00-18:00", "sat": ["09:00-12:00", "13:00-17:00"]},
    "closed": ["2026-12-25"],
}


def at(moment: str, options: dict[str, Any], fold: int = 0, zone: str = "Europe/Brussels") -> Verdict:
    now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()
    return policy(Schedule, options).decide(facts(now=now))


def opens(verdict: Verdict) -> str | None:
    assert isinstance(verdict, Deny)
    ((missing,),) = verdict.alternatives
    assert (missing.kind, missing.remedy) == ("time", "wait")
    return missing.detail


@pytest.mark.parametrize(
    ("moment", "again"),
    [
        ("2026-01-06T08:00", None),
        ("2026-01-06T17:59:59", None),
        ("2026-01-06T07:59:59", "2026-01-06T08:00+01:00"),
        ("2026-01-06T18:00", "2026-01-07T08:00+01:00"),
        ("2026-01-10T11:59", None),
        ("2026-01-10T12:00", "2026-01-10T13:00+01:00"),
        ("2026-01-10T17:00", "2026-01-12T08:00+01:00"),
        ("2026-01-11T10:00", "2026-01-12T08:00+01:00"),
        ("2026-12-24T18:00", "2026-12-26T09:00+01:00"),
        ("2026-12-25T10:00", "2026-12-26T09:00+01:00"),
        ("2026-03-28T18:00", "2026-03-30T08:00+02:00"),
        ("2026-10-24T18:00", "2026-10-26T08:00+01:00"),
    ],
)
def test_opening_hours(moment: str, again: str | None) -> None:
    verdict = at(moment, OFFICE)
    if again is None:
        assert verdict == Allow("open-now")
    else:
        assert opens(verdict) == again


@pytest.mark.parametrize(
    ("moment", "fold", "again"),
    [
        # Forward on 29 March 2026: 02:00 becomes 03:00, so what opens at 02:30 opens with the jump.
        ("2026-03-29T01:59", 0, "2026-03-29T03:00+02:00"),
        ("2026-03-29T03:00", 0, None),
        # Back on 25 October 2026: 02:30 comes twice, and it is closed between 02:00 and 02:30 the second time too.
        ("2026-10-25T02:15", 0, "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:45", 0, None),
        ("2026-10-25T02:15", 1, "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:45", 1, None),
    ],
)
def test_the_clock_put_forward_and_back(moment: str, fold: int, again: str | None) -> None:
    verdict = at(moment, {"hours": {"sun": "02:30-05:00"}}, fold)
    assert (verdict == Allow("open-now")) if again is None else (opens(verdict) == again)


def test_dates() -> None:
    options = {"from": "2026-02-01", "until": "2026-02-28"}
    assert opens(at("2026-01-31T23:59", options)) == "2026-02-01T00:00+01:00"
    assert isinstance(at("2026-02-01T00:00", options), Allow)
    assert isinstance(at("2026-02-28T23:59:59", options), Allow)
    over = at("2026-03-01T00:00", options)
    assert isinstance(over, Deny)
    assert over.reason == "closed-for-good"
    assert [(each.remedy, each.detail) for each in over.alternatives[0]] == [("none", "2026-02-28")]


def test_until_midnight_and_another_clock() -> None:
    options = {"hours": {"tue": "20:00-24:00"}, "zone": "America/New_York"}
    assert isinstance(at("2026-01-06T23:59:59", options, zone="America/New_York"), Allow)
    assert isinstance(at("2026-01-07T00:00", options, zone="America/New_York"), Deny)
    assert isinstance(at("2026-01-07T02:00", options), Allow)


def test_never_open() -> None:
    options = {"hours": {"mon": "08:00-09:00"}, "from": "2026-01-06", "until": "2026-01-07"}
    assert at("2026-01-06T08:30", options) == Deny("closed-for-good", ((Missing("time", "none"),),))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give at least one of"),
        ({"hours": {}}, "at least 1"),
        ({"hours": {"monday": "08:00-18:00"}}, "'monday' is not a day of the week"),
        ({"hours": {"fri-mon": "08:00-18:00"}}, "runs backwards"),
        ({"hours": {"mon": "8:00-18:00"}}, "is not a span of hours"),
        ({"hours": {"mon": "18:00-08:00"}}, "ends before it begins"),
        ({"hours": {"mon": "08:00-25:00"}}, "is not a span of hours"),
        ({"hours": {"mon": "08:00-12:00 13:00-18:00"}}, r"or \[08:00-12:00, 13:00-18:00\] for several"),
        ({"hours": {"mon": "08:00-12:00", "mon-fri": "13:00-18:00"}}, "has its hours twice"),
        ({"from": "2026-02-01", "until": "2026-01-01"}, "until is before from"),
        ({"from": "2026-02-30"}, "day"),
        ({"from": 20260101}, "write year-month-day"),
        (
            {"until": "9999-12-31"},
            "9999-12-31 is where the calendar ends: where no day is meant, leave it out",
        ),
        ({"from": date.min}, "where the calendar ends"),
        ({"closed": ["9999-12-25"]}, "where the calendar ends"),
        ({"closed": ["christmas"]}, "write year-month-day"),
        ({"closed": ["2026-12-25"], "zone": "Europe/Brussel"}, "unknown time zone 'Europe/Brussel'"),
        ({"from_": "2026-02-01"}, "permitted"),
    ],
)
def test_what_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionsRefused, match=words):
        policy(Schedule, options)


@pytest.mark.parametrize("zone", ["Europe/Brussels", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("day", [date.min + timedelta(days=14), date.max - timedelta(days=14)])
def test_the_first_and_the_last_day_that_can_be_meant(day: date, zone: str) -> None:
    asked = policy(Schedule, {"from": day, "until": day, "closed": [day], "zone": zone})
    assert asked.distinctions() is not None
    for moment in (0.0, datetime.combine(day, time(), UTC).timestamp()):
        assert isinstance(asked.decide(facts(now=moment)), Deny)


@for_all(st.integers(1_767_000_000, 1_799_000_000))
def test_it_opens_exactly_when_it_says(now: int) -> None:
    asked = policy(Schedule, {"hours": {"mon-thu": "00:00-02:30", "sun": ["02:30-03:15", "22:00-24:00"]}})
    verdict = asked.decide(facts(now=now))
    if isinstance(verdict, Deny):
        again = datetime.fromisoformat(opens(verdict) or "").timestamp()
        assert now < again
        assert isinstance(asked.decide(facts(now=again)), Allow)
        assert isinstance(asked.decide(facts(now=again - 1)), Deny)


def test_what_it_tells_apart() -> None:
    asked = policy(Schedule, {"from": "2026-02-01", **OFFICE})
    samples = asked.distinctions()
    assert samples is not None
    verdicts = {type(asked.decide(facts(now=moment))) for moment in samples.moments}
    assert verdicts == {Allow, Deny}
    assert asked.to_data() == {"schedule": {"from": "2026-02-01", **OFFICE}}
