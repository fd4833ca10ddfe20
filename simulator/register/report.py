"""A report of a non-conformity: what somebody writes down, and what makes it acceptable, in Dutch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal

from simulator.dates import read_date
from simulator.numbers import kbo_is_valid
from simulator.register.codes import STREAMS

Channel = Literal["web", "csv", "api"]
_DOTTED: Final = re.compile(r"(?:BE)?\s*([0-9][0-9. ]*[0-9])", re.IGNORECASE)
_LONGEST: Final[Mapping[str, int]] = MappingProxyType(
    {"producer": 200, "number": 40, "address": 300, "description": 4_000, "reference": 100}
)
_MISSING: Final[Mapping[str, str]] = MappingProxyType({
    "found_on": "Vul de datum van de vaststelling in.",
    "producer": "Vul de naam van de afvalproducent in.",
    "number": "Vul het ondernemingsnummer van de afvalproducent in.",
    "address": "Vul het adres van de inzameling in.",
    "streams": "Kies een afvalstroom.",
    "description": "Beschrijf wat u hebt vastgesteld.",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as somebody brings it: the date and the enterprise number as typed, the streams as codes."""

    found_on: str = ""
    producer: str = ""
    number: str = ""
    address: str = ""
    streams: tuple[str, ...] = ()
    description: str = ""
    refused: bool = False
    reference: str = ""

    @property
    def day(self) -> date | None:
        """The day of the finding; None where the text is no date."""
        return read_date(self.found_on)

    @property
    def kbo(self) -> str:
        """The enterprise number without dots, blanks and "BE"."""
        match = _DOTTED.fullmatch(self.number.strip())
        return match[1].replace(".", "").replace(" ", "") if match else self.number.strip()

    def faults(self, today: date) -> dict[str, str]:
        """What must be mended before this can be submitted, by attribute."""
        found = {name: words for name, words in _MISSING.items() if not getattr(self, name)}
        if self.found_on and self.day is None:
            found["found_on"] = "Schrijf de datum als dd/mm/jjjj, bijvoorbeeld 24/11/2026."
        elif self.day is not None and self.day > today:
            found["found_on"] = "Deze datum ligt in de toekomst."
        if self.number and not kbo_is_valid(self.kbo):
            found["number"] = "Dit ondernemingsnummer is niet geldig. Kijk de tien cijfers na."
        if not set(self.streams) <= set(STREAMS):
            found["streams"] = "Deze afvalstroom bestaat niet."
        for name, longest in _LONGEST.items():
            text: str = getattr(self, name)
            if len(text) > longest:
                found[name] = f"Dit is te lang: schrijf hoogstens {longest} tekens."
            elif any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\r\n\t" for sign in text):
                found[name] = "Hier staat een teken in dat het register niet aanvaardt."
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was submitted."""

    id: int
    draft: Draft
    organisation: str
    organisation_name: str
    channel: Channel
    submitted_at: datetime

    @property
    def number(self) -> str:
        """The registration number that people use: NC-2026-000123."""
        return f"NC-{self.submitted_at.year}-{self.id:06d}"
