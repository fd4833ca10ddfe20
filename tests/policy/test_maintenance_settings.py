"""Planned maintenance: by date and by hours, over midnight and over the change of the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from gateway.policy.maintenance_settings import MaintenanceSettings, WindowSettings

BRUSSELS = ZoneInfo("Europe/Brussels")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def span(window: dict[str, Any], moment: str) -> tuple[str, str] | None:
    found = WindowSettings.model_validate(window).times.span_at(at(moment))
    if found is None:
        return None
    since, until = (datetime.fromtimestamp(each, BRUSSELS).isoformat(timespec="minutes") for each in found)
    return since, until


@pytest.mark.parametrize(
    ("window", "moment", "found"),
    [
        (
            {"from": "2026-12-01T22:00", "until": "2026-12-02T06:00"},
            "2026-12-01T22:00+01:00",
            ("2026-12-01T22:00+01:00", "2026-12-02T06:00+01:00"),
        ),
        ({"from": "2026-12-01T22:00", "until": "2026-12-02T06:00"}, "2026-12-02T06:00+01:00", None),
        (
            {"hours": {"sat": "23:30-01:00"}},
            "2026-11-29T00:30+01:00",
            ("2026-11-28T23:30+01:00", "2026-11-29T01:00+01:00"),
        ),
        ({"hours": {"sat": "23:30-01:00"}}, "2026-11-28T00:30+01:00", None),
        (
            {"hours": {"sun": "22:00-00:00"}},
            "2026-11-29T23:59+01:00",
            ("2026-11-29T22:00+01:00", "2026-11-30T00:00+01:00"),
        ),
        # The hour from two to three is there twice, and not at all.
        (
            {"hours": {"sun": "02:00-04:00"}},
            "2026-10-25T02:30+02:00",
            ("2026-10-25T02:00+02:00", "2026-10-25T04:00+01:00"),
        ),
        (
            {"hours": {"sun": "02:00-04:00"}},
            "2026-03-29T03:30+02:00",
            ("2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"),
        ),
        (
            {"hours": {"sun": "02:00-04:00"}, "zone": "UTC"},
            "2026-11-29T04:30+01:00",
            ("2026-11-29T03:00+01:00", "2026-11-29T05:00+01:00"),
        ),
    ],
)
def test_when_it_is(window: dict[str, Any], moment: str, found: tuple[str, str] | None) -> None:
    assert span(window, moment) == found


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({}, "give from and until"),
        ({"from": "2026-12-01T22:00"}, "give from and until"),
        ({"from": "2026-12-01T22:00", "until": "2026-12-01T21:00"}, "not after from"),
        ({"hours": {"sun": "02:00-04:00"}, "until": "2026-12-01T21:00"}, "or else hours"),
        ({"hours": {"zon": "02:00-04:00"}}, "not a day of the week"),
        ({"hours": {"sun": "2-4"}}, "not a span of hours"),
        ({"hours": {"sun": "02:00-04:00"}, "zone": "Europe/Brussel"}, "no time zone"),
        ({"hours": {"sun": "02:00-04:00"}, "paths": ["x"]}, "path"),
    ],
)
def test_what_is_refused(window: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        WindowSettings.model_validate(window)


def test_what_is_not_said_is_that_of_all() -> None:
    written = {"message": {"nl": "a"}, "streams": "keep", "windows": [
        {"hours": {"sun": "02:00-04:00"}},
        {"hours": {"sun": "02:00-04:00"}, "message": {"nl": "b"}, "streams": "cut", "paths": ["/A/**"]},
    ]}  # fmt: skip
    settings = MaintenanceSettings.model_validate(written, context={"languages": ["nl"]})
    first, second = settings.planned({}, folds=True)
    assert (first.id, first.message, first.streams, first.where) == (
        "planned-1",
        {"nl": "a"},
        "keep",
        "everything",
    )
    assert (second.message, second.streams, second.patterns[0].match(("a", "x"))) == ({"nl": "b"}, "cut", {})
