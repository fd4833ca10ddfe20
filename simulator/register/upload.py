"""Reads a CSV file of reports, as Excel in Belgium and others write it: all drafts, or every error by row and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from simulator.register.codes import CONTAINERS, MOMENTS, STREAMS, TOLD_BY
from simulator.register.draft import Draft, draft_of
from simulator.register.table import COLUMNS, REQUIRED
from simulator.web.spreadsheet import as_written

LARGEST: Final = 10 * 1024 * 1024
MOST_ROWS: Final = 20_000
_LONGEST_CELL: Final = 20_000
_YES: Final = frozenset(("ja", "j", "1", "x", "true", "waar", "yes"))
_NO: Final = frozenset(("", "nee", "n", "0", "false", "onwaar", "no"))
_FLAGS: Final = ("gevaarlijk_afval", "geweigerd", "nagesorteerd")
# Labels stand for their codes, as people copy them from the screen.
_CODES: Final = {
    "moment": {label: code for code, label in MOMENTS.items()},
    "recipient_soort": {label: code for code, label in CONTAINERS.items()},
    "klant_verwittigd_kanaal": {label: code for code, label in TOLD_BY.items()},
    "afvalstromen": {label: code for code, label in STREAMS.items()},
}
_IGNORED: Final = frozenset(
    ("registratienummer", "status", "kanaal", "indiener", "indiener_naam", "ingediend_op", "versie")
)


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one cell: `row` as a spreadsheet numbers it, `column` by its name, "" for the whole row."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: the drafts with the row of each, and all that is wrong."""

    drafts: tuple[Draft, ...]
    rows: tuple[int, ...]
    faults: tuple[RowFault, ...]


def read(content: bytes, today: date) -> Reading:
    """Read a whole file."""
    if len(content) > LARGEST:
        return _nothing(f"Dit bestand is te groot: hoogstens {LARGEST // 1024 // 1024} MB.")
    text = _text(content)
    if "\0" in text:
        return _nothing("Dit is geen CSV-bestand. Bewaar uw rekenblad als CSV.")
    first = text.partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    drafts: list[Draft] = []
    rows: list[int] = []
    faults: list[RowFault] = []
    header: list[str] | None = None
    try:
        for number, cells in enumerate(lines, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip().lower() for cell in cells]
                faults += _header_faults(header, number)
                if faults:
                    break
                continue
            if len(drafts) >= MOST_ROWS:
                return _nothing(f"Dit bestand heeft te veel rijen: hoogstens {MOST_ROWS}.")
            draft, wrong = _draft(dict(zip(header, cells, strict=False)), number, today)
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                wrong.append(
                    RowFault(number, "", f"Deze rij heeft meer cellen dan de {len(header)} kolommen.")
                )
            drafts.append(draft)
            rows.append(number)
            faults += wrong
    except csv.Error as problem:
        return _nothing(f"Rond regel {lines.line_num} staat een aanhalingsteken verkeerd ({problem}).")
    if header is None or (not drafts and not faults):
        return _nothing(
            "Dit bestand heeft geen meldingen: zet onder de rij met kolomnamen een rij per melding."
        )
    faults += _twice(drafts, rows)
    place = {name: order for order, name in enumerate(COLUMNS)}
    faults.sort(key=lambda fault: (fault.row, place.get(fault.column, -1)))
    return Reading(tuple(drafts), tuple(rows), tuple(faults))


def _nothing(words: str) -> Reading:
    return Reading((), (), (RowFault(0, "", words),))


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's plain "CSV" on a Belgian Windows.
        return content.decode("cp1252", "replace")


def _header_faults(header: Sequence[str], number: int) -> list[RowFault]:
    found = []
    for name in dict.fromkeys(header):
        if name and name not in COLUMNS and name not in _IGNORED:
            found.append(RowFault(number, name[:60], f"Deze kolom kent het register niet. De kolommen zijn: {', '.join(COLUMNS)}."))  # fmt: skip
        elif name and header.count(name) > 1:
            found.append(RowFault(number, name, "Deze kolom staat er twee keer."))
    found += [RowFault(number, name, "Deze kolom ontbreekt.") for name in REQUIRED if name not in header]
    if not {"producent_vestigingsnummer", "producent_adres"} & set(header):
        found.append(
            RowFault(number, "producent_adres", "Deze kolom ontbreekt, en producent_vestigingsnummer ook.")
        )
    return found


def _draft(cells: dict[str, str], number: int, today: date) -> tuple[Draft, list[RowFault]]:
    faults: list[RowFault] = []
    given = {name: as_written(cells.get(name, "").strip()) for name in COLUMNS}
    for name, text in given.items():
        if len(text) > _LONGEST_CELL:
            given[name] = ""
            faults.append(RowFault(number, name, "Deze cel is te lang."))
    flags = {}
    for name in _FLAGS:
        word = given[name].lower()
        flags[COLUMNS[name]] = word in _YES
        if word not in _YES | _NO:
            faults.append(RowFault(number, name, "Schrijf ja of nee."))
    streams = tuple(
        _CODES["afvalstromen"].get(stream.strip().lower(), stream.strip().lower())
        for stream in given["afvalstromen"].replace(",", "|").split("|")
        if stream.strip()
    )
    for name in ("moment", "recipient_soort", "klant_verwittigd_kanaal"):
        given[name] = _CODES[name].get(given[name].lower(), given[name].lower())
    establishment, address = given["producent_vestigingsnummer"], given["producent_adres"]
    if establishment and address:
        faults.append(
            RowFault(number, "producent_adres", "Geef een vestigingsnummer of een adres, niet beide.")
        )
    texts = {
        attribute: given[name]
        for name, attribute in COLUMNS.items()
        if attribute not in ("place", "streams", "hazardous", "refused", "resorted")
    }
    draft = draft_of({**texts, "place": establishment or address}, streams, flags)
    for attribute, words in draft.faults(today).items():
        faults.append(RowFault(number, _column(attribute, bool(establishment)), words))
    if establishment and not (draft.place.isascii() and draft.place.isdigit()):
        faults.append(RowFault(number, "producent_vestigingsnummer", "Een vestigingsnummer telt 10 cijfers."))
    return draft, faults


def _column(attribute: str, establishment: bool) -> str:
    if attribute == "place":
        return "producent_vestigingsnummer" if establishment else "producent_adres"
    return next(name for name, known in COLUMNS.items() if known == attribute)


def _twice(drafts: Sequence[Draft], rows: Sequence[int]) -> list[RowFault]:
    first: dict[str, int] = {}
    found = []
    for draft, row in zip(drafts, rows, strict=True):
        if draft.reference and first.setdefault(draft.reference, row) != row:
            words = f"Deze referentie staat ook op rij {first[draft.reference]}."
            found.append(RowFault(row, "eigen_referentie", words))
    return found
