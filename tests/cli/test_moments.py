"""Moments as people say them, in one zone."""

from __future__ import annotations

from datetime import datetime

import pytest
import typer

from gateway.cli.moments import read_moment, shown, zone_of

BRUSSELS = zone_of("Europe/Brussels")
NOW = datetime(2026, 11, 26, 17, 30, tzinfo=BRUSSELS).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14:05", "2026-11-26 14:05:00"),
        ("14u05", "2026-11-26 14:05:00"),
        ("14u", "2026-11-26 14:00:00"),
        ("8 uur", "2026-11-26 08:00:00"),
        ("14:05Z", "2026-11-26 15:05:00"),
        ("14:05 UTC", "2026-11-26 15:05:00"),
        ("Gisteren", "2026-11-25 00:00:00"),
        ("gisteren 14:05", "2026-11-25 14:05:00"),
        ("14:05 gisteren", "2026-11-25 14:05:00"),
        ("gisteren om 14u05", "2026-11-25 14:05:00"),
        ("yesterday at 14:05", "2026-11-25 14:05:00"),
        ("eergisteren 23:59", "2026-11-24 23:59:00"),
        ("vandaag", "2026-11-26 00:00:00"),
        ("maandag 9:00", "2026-11-23 09:00:00"),
        ("last thursday", "2026-11-19 00:00:00"),
        ("2 uur geleden", "2026-11-26 15:30:00"),
        ("2h", "2026-11-26 15:30:00"),
        ("2h ago", "2026-11-26 15:30:00"),
        ("een half uur geleden", "2026-11-26 17:00:00"),
        ("1,5 uur geleden", "2026-11-26 16:00:00"),
        ("3 days ago", "2026-11-23 17:30:00"),
        ("nu", "2026-11-26 17:30:00"),
        ("26/11", "2026-11-26 00:00:00"),
        ("27/11", "2025-11-27 00:00:00"),
        ("26-11-2026 8u30", "2026-11-26 08:30:00"),
        ("3 oktober 2026 14:05", "2026-10-03 14:05:00"),
        ("2026-11-26", "2026-11-26 00:00:00"),
        ("2026-11-26 05:00", "2026-11-26 05:00:00"),
        ("2026-11-26T05:00+01:00", "2026-11-26 05:00:00"),
        ("2026-11-26T05:00Z", "2026-11-26 06:00:00"),
        ("1795507200", "2026-11-24 09:00:00"),
    ],
)
def test_a_moment_is_what_people_mean(text: str, moment: str) -> None:
    assert shown(read_moment(text, BRUSSELS, NOW), BRUSSELS).startswith(moment)


def test_a_day_ends_at_its_end() -> None:
    assert shown(read_moment("gisteren", BRUSSELS, NOW, ends=True), BRUSSELS) == "2026-11-26 00:00:00 CET"


def test_another_zone_and_the_hour_that_comes_twice() -> None:
    utc = zone_of("UTC")
    assert shown(read_moment("14:05", utc, NOW), utc) == "2026-11-26 14:05:00 UTC"
    first = read_moment("2026-10-25 02:30", BRUSSELS, NOW)
    assert read_moment("2026-10-25 02:30", BRUSSELS, NOW, ends=True) - first == 3_600
    assert shown(first, BRUSSELS) == "2026-10-25 02:30:00 CEST"


@pytest.mark.parametrize(
    "text", ["", "morgen", "25:00", "31/02", "2026-13-01", "2 parsecs geleden", "14:0", "nooit"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no such|not a moment"):
        read_moment(text, BRUSSELS, NOW)


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(typer.BadParameter, match="no time zone 'Europe/Brussel'"):
        zone_of("Europe/Brussel")
