"""What somebody says about a non-conformity, and what makes it acceptable, in Dutch.

Forms, files and JSON are read elsewhere and bring a draft in this spelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from simulator.dates import belgian_date, read_date
from simulator.numbers import establishment_is_valid, kbo_is_valid
from simulator.register.codes import CONTAINERS, MOMENTS, STREAMS, TOLD_BY

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DOTTED = re.compile(r"(?:BE)?\s*([0-9][0-9. ]*[0-9])", re.IGNORECASE)
_VOLUME = re.compile(r"[1-9][0-9]{0,5}")

LONGEST: Final[Mapping[str, int]] = MappingProxyType(
    {"producer_name": 200, "place": 300, "description": 4_000, "reference": 100}
)


def date_text(typed: str) -> str:
    """A date as the register keeps it (2026-11-24), from 24/11/2026 or 2026-11-24; what is no date stays as typed."""
    day = read_date(typed)
    return typed.strip() if day is None else day.isoformat()


def date_shown(text: str) -> str:
    """A kept date as people read it, 24/11/2026; a concept may hold one as it was typed."""
    day = as_date(text)
    return text if day is None else belgian_date(day)


def number_text(typed: str) -> str:
    """An enterprise or establishment number without dots, blanks and "BE"; anything else stays as typed."""
    text = typed.strip()
    match = _DOTTED.fullmatch(text)
    digits = match[1].replace(".", "").replace(" ", "") if match else ""
    return digits if len(digits) == 10 else text


def looks_like_number(place: str) -> bool:
    """Whether a place is meant as an establishment number: nothing but digits."""
    return place.isascii() and place.isdigit()


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as somebody brings it. Dates are ISO where they are dates; `place` is an establishment number or an
    address; `streams`, `moment`, `container` and `told_by` are codes; `volume` is in litres."""

    found_on: str = ""
    moment: str = ""
    producer_name: str = ""
    producer_kbo: str = ""
    place: str = ""
    container: str = ""
    volume: str = ""
    streams: tuple[str, ...] = ()
    description: str = ""
    hazardous: bool = False
    refused: bool = False
    resorted: bool = False
    told_on: str = ""
    told_by: str = ""
    reference: str = ""

    def faults(self, today: date) -> dict[str, str]:
        """What must be mended before this can be submitted, by attribute."""
        found = {**self._missing(), **self.unkeepable()}
        dates = {name: as_date(getattr(self, name)) for name in ("found_on", "told_on")}
        for name, label in (
            ("found_on", "van de vaststelling"),
            ("told_on", "waarop de klant is verwittigd"),
        ):
            day = dates[name]
            if getattr(self, name) and day is None:
                found[name] = f"Schrijf de datum {label} als dd/mm/jjjj, bijvoorbeeld 24/11/2026."
            elif day is not None and day > today:
                found[name] = f"De datum {label} ligt in de toekomst."
        if dates["found_on"] and dates["told_on"] and dates["told_on"] < dates["found_on"]:
            found["told_on"] = "De klant kan niet verwittigd zijn voor de vaststelling."
        if self.producer_kbo and not (self.producer_kbo.isascii() and kbo_is_valid(self.producer_kbo)):
            found["producer_kbo"] = (
                "Dit ondernemingsnummer is niet geldig: het telt 10 cijfers, begint met 0 of 1 en heeft juiste controlecijfers."
            )
        if looks_like_number(self.place) and not establishment_is_valid(self.place):
            found["place"] = (
                "Dit vestigingsnummer is niet geldig: het telt 10 cijfers, begint met 2 tot 8 en heeft juiste controlecijfers."
            )
        if self.volume and not _VOLUME.fullmatch(self.volume):
            found["volume"] = "Schrijf het volume als een geheel aantal liter, hoogstens 999999."
        if self.hazardous and not self.refused:
            found["refused"] = "Gevaarlijk afval moet u weigeren."
        return found

    def unkeepable(self) -> dict[str, str]:
        """What even a concept may not hold, by attribute: too long, odd signs, codes that do not exist."""
        found: dict[str, str] = {}
        for name in ("found_on", "producer_name", "producer_kbo", "place", "volume", "description", "told_on", "reference"):  # fmt: skip
            value, longest = getattr(self, name), LONGEST.get(name, 40)
            if len(value) > longest:
                found[name] = f"Dit is te lang: hoogstens {longest} tekens."
            elif not value.isprintable() and not all(_is_plain(sign, name) for sign in value):
                found[name] = "Hier staan tekens in die niet kunnen, zoals een besturingsteken."
        for name, known in (("moment", MOMENTS), ("container", CONTAINERS), ("told_by", TOLD_BY)):
            if getattr(self, name) and getattr(self, name) not in known:
                found[name] = f"Kies een van: {', '.join(known)}."
        unknown = [stream for stream in self.streams if stream not in STREAMS]
        if unknown:
            found["streams"] = f"Deze afvalstroom bestaat niet: {unknown[0][:60]!r}."
        return found

    def _missing(self) -> dict[str, str]:
        words = {
            "found_on": "Vul de datum van de vaststelling in.",
            "producer_name": "Vul de naam van de afvalproducent in.",
            "producer_kbo": "Vul het ondernemingsnummer van de afvalproducent in.",
            "place": "Vul het vestigingsnummer of het adres van de inzameling in.",
            "streams": "Kies minstens één afvalstroom.",
            "description": "Beschrijf wat u hebt vastgesteld.",
        }
        found = {name: text for name, text in words.items() if not getattr(self, name)}
        if self.told_on and not self.told_by:
            found["told_by"] = "Zeg hoe de klant is verwittigd."
        if self.told_by and not self.told_on:
            found["told_on"] = "Vul in wanneer de klant is verwittigd."
        return found


def as_date(text: str) -> date | None:
    """The day that a text in the register's spelling (ISO) means; None where it means none."""
    try:
        return date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def _is_plain(sign: str, name: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs") or (name == "description" and sign in "\n\t")


def draft_of(texts: Mapping[str, str], streams: tuple[str, ...], flags: Mapping[str, bool]) -> Draft:
    """A draft in the register's spelling from texts as people and machines write them; names are attributes."""
    given = {name: text.strip().replace("\r\n", "\n").replace("\r", "\n") for name, text in texts.items()}
    for name in ("found_on", "told_on"):
        given[name] = date_text(given.get(name, ""))
    given["producer_kbo"] = number_text(given.get("producer_kbo", ""))
    place = given.get("place", "")
    given["place"] = number_text(place) if _DOTTED.fullmatch(place) else place
    return Draft(**given, streams=tuple(dict.fromkeys(streams)), **flags)  # type: ignore[arg-type]
