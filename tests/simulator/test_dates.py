"""Days as people in Belgium write and read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from simulator.dates import belgian_date, belgian_moment, read_date


@pytest.mark.parametrize("typed", ["24/11/2026", "24-11-2026", "24.11.2026", " 24/11/2026 ", "2026-11-24"])
def test_days_that_are_read(typed: str) -> None:
    assert read_date(typed) == date(2026, 11, 24)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "x",
        "24/11/26",
        "11/24/2026",
        "31/02/2026",
        "00/01/2026",
        "20261124",
        "٢٤/١١/٢٠٢٦",
        "24/11/2026x",
        "2026-W48-2",
    ],
)
def test_what_is_no_day(typed: str) -> None:
    assert read_date(typed) is None


def test_days_that_are_shown() -> None:
    assert belgian_date(date(2026, 3, 1)) == "01/03/2026"
    assert belgian_date(datetime(2026, 3, 1, 12)) == "01/03/2026"
    assert belgian_date("2026-03-01") == "01/03/2026"
    assert belgian_date(None) == belgian_date("") == ""


def test_moments_are_those_of_belgian_clocks_wherever_the_machine_is() -> None:
    assert belgian_moment(datetime(2026, 11, 26, 23, 30, tzinfo=UTC)) == "27/11/2026 00:30"
    assert belgian_moment(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)) == "01/07/2026 14:00"
