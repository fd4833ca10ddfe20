"""Reports as rows of a spreadsheet: the columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from simulator.register.draft import Draft, date_shown, looks_like_number
from simulator.register.report import Report
from simulator.web.spreadsheet import MARK, row

# Column to attribute of a draft. `afvalstromen` and the flags are read by hand; a place has two columns.
COLUMNS: Final = MappingProxyType({
    "datum_vaststelling": "found_on",
    "moment": "moment",
    "producent_naam": "producer_name",
    "producent_ondernemingsnummer": "producer_kbo",
    "producent_vestigingsnummer": "place",
    "producent_adres": "place",
    "recipient_soort": "container",
    "recipient_volume": "volume",
    "afvalstromen": "streams",
    "omschrijving": "description",
    "gevaarlijk_afval": "hazardous",
    "geweigerd": "refused",
    "nagesorteerd": "resorted",
    "klant_verwittigd_datum": "told_on",
    "klant_verwittigd_kanaal": "told_by",
    "eigen_referentie": "reference",
})  # fmt: skip
REQUIRED: Final = (
    "datum_vaststelling", "producent_naam", "producent_ondernemingsnummer", "afvalstromen", "omschrijving",
)  # fmt: skip
_EXTRA: Final = (
    "registratienummer",
    "status",
    "kanaal",
    "indiener",
    "indiener_naam",
    "ingediend_op",
    "versie",
)


def _cells(draft: Draft) -> dict[str, str]:
    numbered = looks_like_number(draft.place)
    yes = {True: "ja", False: "nee"}
    return {
        "datum_vaststelling": date_shown(draft.found_on),
        "moment": draft.moment,
        "producent_naam": draft.producer_name,
        "producent_ondernemingsnummer": draft.producer_kbo,
        "producent_vestigingsnummer": draft.place if numbered else "",
        "producent_adres": "" if numbered else draft.place,
        "recipient_soort": draft.container,
        "recipient_volume": draft.volume,
        "afvalstromen": " | ".join(draft.streams),
        "omschrijving": draft.description,
        "gevaarlijk_afval": yes[draft.hazardous],
        "geweigerd": yes[draft.refused],
        "nagesorteerd": yes[draft.resorted],
        "klant_verwittigd_datum": date_shown(draft.told_on),
        "klant_verwittigd_kanaal": draft.told_by,
        "eigen_referentie": draft.reference,
    }


def lines_of(reports: Iterable[Report]) -> Iterator[str]:
    """A CSV file as Excel in Belgium opens it (byte order mark, semicolons, RFC 4180 quotes), line by line."""
    yield MARK + row((*_EXTRA, *COLUMNS))
    for report in reports:
        own = (
            report.number or "",
            report.status,
            report.channel,
            report.organisation,
            report.organisation_name,
            report.submitted_at.isoformat() if report.submitted_at else "",
            str(report.version),
        )
        yield row((*own, *_cells(report.draft).values()))


def example(draft: Draft) -> str:
    """A file to begin with: the columns and one row."""
    return MARK + row(COLUMNS) + row(_cells(draft).values())
