"""Moments in Belgian time, as operators read and write them in commands."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from gateway.cli.exit import stop
from gateway.cli.moments import moment_text, read_moment
from gateway.policy.moments import NotOneMoment

BRUSSELS = ZoneInfo("Europe/Brussels")


def belgian_time(at: float) -> str:
    """A moment (seconds since the epoch) in Belgian time, with its zone."""
    try:
        return moment_text(at, BRUSSELS)
    except (ValueError, OverflowError, OSError):
        return f"{at:g} seconds after 1970"


def read_belgian_time(written: str, now: float) -> float:
    """A moment after `now` as operators write it: 8h, 7d, or in Belgian time. Ends the command where it is not a moment."""
    try:
        ends = read_moment(written, BRUSSELS, now, ahead=True)
    except NotOneMoment as problem:
        stop(str(problem))
    except ValueError:
        stop(
            f"{written!r} is not a time: write 8h, 7d, 18:00, morgen 8u, 2026-12-01 or 2026-12-01T18:00 (Belgian time)"
        )
    if ends <= now:
        passed = "in the past" if ends <= time.time() else "before it begins"
        stop(f"{written}, which is {belgian_time(ends)}, is {passed}")
    return ends
