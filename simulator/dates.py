"""Days and moments as people in Belgium write and read them: dd/mm/yyyy."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

PLACE: Final = ZoneInfo("Europe/Brussels")
"""Where the clocks are that people read, wherever the simulation runs."""

_BELGIAN: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def belgian_date(value: date | datetime | str | None) -> str:
    """dd/mm/yyyy; empty for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return value.strftime("%d/%m/%Y")


def belgian_moment(value: datetime) -> str:
    """dd/mm/yyyy hh:mm on Belgian clocks."""
    return value.astimezone(PLACE).strftime("%d/%m/%Y %H:%M")


def read_date(typed: str) -> date | None:
    """The day that somebody typed, 24/11/2026 or 2026-11-24; None where it is no day."""
    text = typed.strip()
    match = _BELGIAN.fullmatch(text)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None
