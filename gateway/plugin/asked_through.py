"""Through which decision points a question came, so that none of them is asked about its own question."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

HEADER: Final = "X-Toegangspoort-Asked"
_MOST: Final = 8
_LONGEST: Final = 2_048
_through: ContextVar[tuple[str, ...]] = ContextVar("asked through", default=())


def came_through(value: str) -> None:
    """Note for the rest of this task by the value of the header what was asked before."""
    _through.set(tuple(value[:_LONGEST].split(" ")) if value else ())


def asked_next(url: str) -> str:
    """The header's value in a question to this decision point. Raises ValueError where it would be asked in a circle."""
    through = _through.get()
    if url in through or len(through) >= _MOST:
        raise ValueError("the question goes round: this decision point asks others that ask it again")
    return " ".join((*through, url))
