"""The waste streams that must be collected apart (VLAREMA 4.3.2), with the Dutch words for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
