"""The code lists of the register: what a field may hold and the Dutch words that people read for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# VLAREMA 4.3.2: what must be collected apart.
STREAMS: Final[Mapping[str, str]] = MappingProxyType({
    "klein-gevaarlijk-afval": "klein gevaarlijk afval",
    "glas": "glas",
    "papier-karton": "papier en karton",
    "olien-vetten": "gebruikte dierlijke en plantaardige oliën en vetten",
    "groenafval": "groenafval",
    "textiel": "textiel",
    "aeea": "afgedankte elektrische en elektronische apparatuur",
    "afvalbanden": "afvalbanden",
    "puin": "puin",
    "afgewerkte-olie": "afgewerkte olie",
    "gevaarlijke-afvalstoffen": "gevaarlijke afvalstoffen",
    "asbestcement": "asbestcement",
    "ozonafbrekend": "apparatuur met ozonafbrekende stoffen of gefluoreerde broeikasgassen",
    "landbouwfolies": "afvallandbouwfolies",
    "batterijen": "batterijen en accu's",
    "pmd": "pmd",
    "hout": "houtafval",
    "metaal": "metaalafval",
    "matrassen": "matrassen",
    "harde-kunststoffen": "recycleerbare harde kunststoffen",
    "eps": "zuiver piepschuim (eps)",
    "folies": "folies",
    "keukenafval": "keukenafval en etensresten",
    "levensmiddelen": "levensmiddelenafval",
})  # fmt: skip

MOMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"klant": "bij de klant", "site": "op de site van de inzamelaar", "eindverwerker": "bij de eindverwerker"}
)
CONTAINERS: Final[Mapping[str, str]] = MappingProxyType(
    {"rolcontainer": "rolcontainer", "afzetcontainer": "afzetcontainer", "zak": "zak"}
)
TOLD_BY: Final[Mapping[str, str]] = MappingProxyType(
    {"e-mail": "e-mail", "telefoon": "telefoon", "brief": "brief", "portaal": "klantenportaal", "ter-plaatse": "ter plaatse"}
)  # fmt: skip
STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {"concept": "concept", "ingediend": "ingediend", "geannuleerd": "geannuleerd"}
)
CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {"web": "webloket", "csv": "CSV-bestand", "api": "koppeling"}
)
