"""What helps after an error, in the words of one language."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Final

from gateway.errors import ClientLimited, GatewayError, TooManyRequests, UnderMaintenance
from gateway.model import Language
from gateway.pages.catalogue import message
from gateway.pages.spoken import spoken_clock, spoken_duration, spoken_time
from gateway.pages.wording import Gettext

# Waits below a minute are named with their seconds.
_SOON: Final = 60
_LATER: Final = message("You sent too many requests. Try again at %(moment)s (in %(duration)s).")

_UNTIL: Final = message("The maintenance lasts until %(moment)s. Try again after that.")


def advice_of(error: GatewayError, language: Language, gettext: Gettext, now: float) -> str:
    """The advice, in which %(phone)s may stand for the number to call; `now` is in seconds since the epoch."""
    if isinstance(error, UnderMaintenance) and isfinite(error.until):
        end = spoken_time(datetime.fromtimestamp(error.until, UTC), language)
        return gettext(_UNTIL) % {"moment": end}
    seconds = error.facts.get("retry_after")
    if not isinstance(error, ClientLimited | TooManyRequests) or not isinstance(seconds, int):
        return gettext(error.advice)
    moment = datetime.fromtimestamp(now + seconds, UTC)
    return gettext(_LATER) % {
        "moment": spoken_clock(moment, language, seconds=seconds < _SOON),
        "duration": spoken_duration(seconds, language),
    }


def template_of(error: GatewayError) -> str:
    """The template of the page for an error that is neither a denial nor about a login."""
    return "maintenance.html" if isinstance(error, UnderMaintenance) else "error.html"


def operators_words(error: GatewayError, language: Language) -> tuple[str, Language] | None:
    """What the operator says about a maintenance, and in which language that is: the reader's, or else the first."""
    words = error.words if isinstance(error, UnderMaintenance) else {}
    if language in words:
        return words[language], language
    return next(((text, tag) for tag, text in words.items()), None)


def operators_data(error: GatewayError, language: Language) -> dict[str, str]:
    """The same for programs."""
    found = operators_words(error, language)
    return {"message": found[0]} if found is not None else {}
