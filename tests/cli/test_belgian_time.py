"""Moments as operators read and write them."""

from __future__ import annotations

import pytest
import typer

from gateway.cli.belgian_time import belgian_time, read_belgian_time
from gateway.cli.exit import WRONG

NOON = 1_795_698_000.0 - 2 * 3_600.0


def test_moments_are_belgian_in_winter_and_summer() -> None:
    assert belgian_time(1_795_698_000.0) == "2026-11-26 14:00:00 CET"
    assert belgian_time(1_782_475_200.0) == "2026-06-26 14:00:00 CEST"
    # A list with it must still be shown.
    assert belgian_time(1e30) == "1e+30 seconds after 1970"


def test_a_moment_is_a_time_or_a_while_from_now() -> None:
    assert read_belgian_time("2h", NOON) == NOON + 7_200.0
    assert read_belgian_time("14:00", NOON) == NOON + 7_200.0


@pytest.mark.parametrize("written", ["soon", "2026-11-25", "2026-10-25T02:30"])
def test_what_is_no_later_moment_ends_the_command(written: str) -> None:
    with pytest.raises(typer.Exit) as stopped:
        read_belgian_time(written, NOON)
    assert stopped.value.exit_code == WRONG
