"""What helps after an error, in the words of one language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gateway.errors import ClientLimited, GatewayError, TooManyRequests
from gateway.model import Language
from gateway.pages.catalogue import message
from gateway.pages.spoken import spoken_clock, spoken_duration
from gateway.pages.wording import Gettext

# Waits below a minute are named with their seconds.
_SOON: Final = 60
_LATER: Final = message("You sent too many requests. Try again at %(moment)s (in %(duration)s).")


def advice_of(error: GatewayError, language: Language, gettext: Gettext, now: float) -> str:
    """The advice, in which %(phone)s may stand for the number to call; `now` is in seconds since the epoch."""
    seconds = error.facts.get("retry_after")
    if not isinstance(error, ClientLimited | TooManyRequests) or not isinstance(seconds, int):
        return gettext(error.advice)
    moment = datetime.fromtimestamp(now + seconds, UTC)
    return gettext(_LATER) % {
        "moment": spoken_clock(moment, language, seconds=seconds < _SOON),
        "duration": spoken_duration(seconds, language),
    }
