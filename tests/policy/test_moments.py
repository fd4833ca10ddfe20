"""Moments at which verdicts may change."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.policy.moments import BRUSSELS, changing_moments

NOON = datetime(2026, 1, 6, 12, 0, tzinfo=BRUSSELS)


def test_weekly_moments_come_again() -> None:
    opening = NOON.replace(hour=8)
    found = set(changing_moments([opening.timestamp()], NOON.timestamp(), 8))
    assert (opening + timedelta(days=7)).timestamp() in found
    assert all(datetime.fromtimestamp(moment, BRUSSELS).hour == 8 for moment in found)


def test_numbers_that_are_no_moments_are_left_out() -> None:
    wild = [float("nan"), float("inf"), -float("inf"), 1e30, -1e30, NOON.timestamp()]
    found = set(changing_moments(wild, NOON.timestamp(), 8))
    assert found == set(changing_moments([NOON.timestamp()], NOON.timestamp(), 8))
