"""Moments as people say them, in one zone."""

from __future__ import annotations

from datetime import datetime

import pytest
import typer

from gateway.cli.moments import moment_text, read_moment, zone_of
from gateway.policy.moments import NotOneMoment

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
        ("1795507200123", "2026-11-24 09:00:00"),
        ("sinds 14:05", "2026-11-26 14:05:00"),
        ("vanaf gisteren rond 14u", "2026-11-25 14:00:00"),
        ("14:05 uur", "2026-11-26 14:05:00"),
        ("14 u 05", "2026-11-26 14:05:00"),
        ("14.05", "2026-11-26 14:05:00"),
        ("14：05", "2026-11-26 14:05:00"),
        ("'14:05'", "2026-11-26 14:05:00"),
        ("2:05 pm", "2026-11-26 14:05:00"),
        ("gisteren 24u", "2026-11-26 00:00:00"),
        ("26.11", "2026-11-26 00:00:00"),
        ("26/11/26 14.05", "2026-11-26 14:05:00"),
        ("14.05.26", "2026-05-14 00:00:00"),
        ("2026/11/26 14:05", "2026-11-26 14:05:00"),
        ("donderdag 26 november om 14u", "2026-11-26 14:00:00"),
        ("ma. 14u", "2026-11-23 14:00:00"),
        ("14:05 op 26/11", "2026-11-26 14:05:00"),
        ("vorige week", "2026-11-16 00:00:00"),
        ("vorige week maandag 9u", "2026-11-16 09:00:00"),
        ("afgelopen week", "2026-11-19 17:30:00"),
        ("deze week", "2026-11-23 00:00:00"),
        ("vanmorgen", "2026-11-26 06:00:00"),
        ("gisteravond", "2026-11-25 18:00:00"),
        ("middernacht", "2026-11-26 00:00:00"),
        ("10 min", "2026-11-26 17:20:00"),
        ("de laatste 10 minuten", "2026-11-26 17:20:00"),
        ("het laatste uur", "2026-11-26 16:30:00"),
        ("anderhalf uur geleden", "2026-11-26 16:00:00"),
        ("1u30 geleden", "2026-11-26 16:00:00"),
        ("1h30m", "2026-11-26 16:00:00"),
        ("3 kwartier geleden", "2026-11-26 16:45:00"),
        ("twee dagen geleden", "2026-11-24 17:30:00"),
        ("il y a 2 heures", "2026-11-26 15:30:00"),
        ("lundi à 14h05", "2026-11-23 14:05:00"),
        ("gestern 14 uhr", "2026-11-25 14:00:00"),
        ("29/2", "2024-02-29 00:00:00"),
    ],
)
def test_a_moment_is_what_people_mean(text: str, moment: str) -> None:
    assert moment_text(read_moment(text, BRUSSELS, NOW), BRUSSELS).startswith(moment)


def test_a_day_ends_at_its_end() -> None:
    assert (
        moment_text(read_moment("gisteren", BRUSSELS, NOW, ends=True), BRUSSELS) == "2026-11-26 00:00:00 CET"
    )


def test_another_zone_and_the_hour_that_comes_twice() -> None:
    utc = zone_of("UTC")
    assert moment_text(read_moment("14:05", utc, NOW), utc) == "2026-11-26 14:05:00 UTC"
    first = read_moment("2026-10-25 02:30", BRUSSELS, NOW)
    assert read_moment("2026-10-25 02:30", BRUSSELS, NOW, ends=True) - first == 3_600
    assert moment_text(first, BRUSSELS) == "2026-10-25 02:30:00 CEST"


@pytest.mark.parametrize("at", ["2026-11-26 14:05:09", "2026-07-01 14:05:09", "2026-10-25 02:30:00"])
@pytest.mark.parametrize("later", [0, 3_600])
def test_what_is_shown_can_be_typed_again(at: str, later: int) -> None:
    moment = read_moment(at, BRUSSELS, NOW) + later
    for milliseconds in (False, True):
        assert read_moment(moment_text(moment, BRUSSELS, milliseconds=milliseconds), BRUSSELS, NOW) == moment


def test_the_hour_that_is_left_out_in_spring_is_later_for_both_ends() -> None:
    for ends in (False, True):
        moment = read_moment("2026-03-29 02:30", BRUSSELS, NOW, ends=ends)
        assert moment_text(moment, BRUSSELS) == "2026-03-29 03:30:00 CEST"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("8h", "2026-11-27 01:30:00"),
        ("1h30m", "2026-11-26 19:00:00"),
        ("over 2 uur", "2026-11-26 19:30:00"),
        ("18:00", "2026-11-26 18:00:00"),
        ("morgen 8u", "2026-11-27 08:00:00"),
        ("vrijdag 18u", "2026-11-27 18:00:00"),
        ("maandag", "2026-11-30 00:00:00"),
        ("1/12", "2026-12-01 00:00:00"),
        ("1/2", "2027-02-01 00:00:00"),
        ("25/11", "2026-11-25 00:00:00"),
        ("middernacht", "2026-11-27 00:00:00"),
        ("2 uur geleden", "2026-11-26 15:30:00"),
    ],
)
def test_an_end_is_ahead(text: str, moment: str) -> None:
    assert moment_text(read_moment(text, BRUSSELS, NOW, ahead=True), BRUSSELS).startswith(moment)


@pytest.mark.parametrize(
    ("today", "text", "day"),
    [
        ("2027-03-10", "29/2", "2028-02-29"),
        ("2025-03-10", "29 februari", "2028-02-29"),
        ("2028-02-29", "29/2", "2028-02-29"),
        ("2028-03-01", "29/2", "2028-02-29"),
        ("2096-06-07", "29/2", "2104-02-29"),
        ("2027-01-01", "31/12", "2026-12-31"),
        ("2026-12-31", "1/1", "2027-01-01"),
        ("2028-11-26", "25/11", "2028-11-25"),
    ],
)
def test_a_day_without_its_year_is_the_next_or_has_just_been(today: str, text: str, day: str) -> None:
    now = datetime.fromisoformat(f"{today}T12:00").replace(tzinfo=BRUSSELS).timestamp()
    assert moment_text(read_moment(text, BRUSSELS, now, ahead=True), BRUSSELS).startswith(day)


@pytest.mark.parametrize(
    "text", ["2027-03-28T02:30", "28/3 2u30", "28 maart 2:30", "2027-10-31 02:30", "31/10/2027 2u30"]
)
def test_an_end_is_one_moment(text: str) -> None:
    with pytest.raises(NotOneMoment, match="in Belgium, where clocks change then"):
        read_moment(text, BRUSSELS, NOW, ahead=True)
    assert read_moment(text, BRUSSELS, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", "25:00", "31/02", "2026-13-01", "2 parsecs geleden", "14:0", "nooit", "14", "2026", "1 jaar", "13:05 pm",
        "maandag 26 november", "1/1/0001", "1/1/9999999", "31/12/9999 24:00", "99999999d", "9" * 30 + "d", "nan", "een",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no such|not a moment"):
        read_moment(text, BRUSSELS, NOW)


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(typer.BadParameter, match="no time zone 'Europe/Brussel'"):
        zone_of("Europe/Brussel")
