"""Keeps decision points from asking one another in a circle: a header names those that a question came through."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

HEADER: Final = "X-Toegangspoort-Asked"
_MOST: Final = 8
_LONGEST: Final = 2_048
_through: ContextVar[tuple[str, ...]] = ContextVar("asked through", default=())


def note_asked(value: str) -> None:
    """Note which decision points this question came through, by the value of the header, for the rest of this task."""
    _through.set(tuple(value[:_LONGEST].split(" ")) if value else ())


def asked_header(url: str) -> str:
    """The value of the header in a question to this decision point. Raises ValueError where that would be a circle."""
    through = _through.get()
    if url in through or len(through) >= _MOST:
        raise ValueError("the question goes round: this decision point asks others that ask it again")
    return " ".join((*through, url))
