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
