"""The catalogues: the text of a message id in each language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from gateway.model import Language

LANGUAGES: Final[tuple[Language, ...]] = ("nl", "en")
_FOLDER: Final = Path(__file__).parent / "locale"
_PLACE: Final = ZoneInfo("Europe/Brussels")


def message(text: str) -> str:
    """Marks a text as a message id, for the check that the catalogues are complete. Returns the text."""
    return text


def read_catalogue(language: Language) -> Translations:
    """The translations of one language, straight from its .po file. Raises OSError and ValueError."""
    with (_FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    # The library reads names of months when it first needs them, which would hold up the requests.
    spoken_time(datetime.fromtimestamp(0, _PLACE), language)
    return Translations(compiled)


def in_language(texts: Mapping[str, str], language: Language) -> str | None:
    """The text in this language, otherwise in the other one, otherwise None."""
    return texts.get(language) or next((text for text in texts.values() if text), None)


def spoken_time(moment: datetime, language: Language) -> str:
    """A moment as people in Flanders read it: "24 november 2026, 08:00". A naive one counts as Brussels time."""
    local = moment.replace(tzinfo=_PLACE) if moment.tzinfo is None else moment.astimezone(_PLACE)
    return format_datetime(local, "d MMMM y, HH:mm", locale=language)


def spoken_hour(moment: float, language: Language) -> str:
    """The time of day in Flanders of a moment in seconds since the epoch: "14:20"."""
    return format_datetime(datetime.fromtimestamp(moment, _PLACE), "HH:mm", locale=language)


def spoken_size(octets: int, language: Language) -> str:
    """A size as people read it: "10 MB", "0,3 MB"."""
    return f"{format_decimal(octets / 1_048_576, format='#,##0.#', locale=language)} MB"


def spoken_day(day: datetime, language: Language) -> str:
    """A day as people in Flanders read it: "24 november 2026"."""
    return format_date(day, "d MMMM y", locale=language)
