"""Reports as JSON: what machines send, checked to the last field, and what they get back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from simulator.register.draft import Draft, draft_of, looks_like_number
from simulator.register.report import Report

# Path in the document to attribute of the draft and the type that it has.
_FIELDS: Final[Mapping[str, tuple[str, type]]] = MappingProxyType({
    "datum_vaststelling": ("found_on", str),
    "moment": ("moment", str),
    "producent.naam": ("producer_name", str),
    "producent.ondernemingsnummer": ("producer_kbo", str),
    "producent.vestigingsnummer": ("establishment", str),
    "producent.adres": ("address", str),
    "recipient.soort": ("container", str),
    "recipient.volume": ("volume", int),
    "afvalstromen": ("streams", list),
    "omschrijving": ("description", str),
    "gevaarlijk_afval": ("hazardous", bool),
    "geweigerd": ("refused", bool),
    "nagesorteerd": ("resorted", bool),
    "klant_verwittigd.datum": ("told_on", str),
    "klant_verwittigd.kanaal": ("told_by", str),
    "eigen_referentie": ("reference", str),
})  # fmt: skip
_GROUPS: Final = ("producent", "recipient", "klant_verwittigd")
_TYPES: Final = {
    str: "een tekst",
    int: "een geheel getal",
    bool: "true of false",
    list: "een lijst van teksten",
}
_PATHS: Final = {attribute: path for path, (attribute, _) in _FIELDS.items()}


def draft_from(document: Any, today: date) -> tuple[Draft, dict[str, str]]:
    """(the draft in a JSON document, what is wrong with it by path: "producent.naam")."""
    if not isinstance(document, dict):
        return Draft(), {"": "Een melding is een JSON-object."}
    flat, faults = _flat(document)
    given: dict[str, Any] = {}
    for path, value in flat.items():
        if path not in _FIELDS:
            # JSON can spell half a character, which no answer can carry.
            shown = path[:80].encode("utf-8", "replace").decode()
            faults[shown] = "Dit veld kent het register niet."
            continue
        attribute, kind = _FIELDS[path]
        if type(value) is kind and (not isinstance(value, list) or all(type(each) is str for each in value)):
            given[attribute] = value
        elif value is not None:
            faults[path] = f"Dit moet {_TYPES[kind]} zijn."
    establishment, address = given.pop("establishment", ""), given.pop("address", "")
    if establishment and address:
        faults["producent.adres"] = "Geef een vestigingsnummer of een adres, niet beide."
    streams = tuple(given.pop("streams", ()))
    flags = {name: given.pop(name, False) for name in ("hazardous", "refused", "resorted")}
    draft = draft_of(
        {**{name: str(value) for name, value in given.items()}, "place": establishment or address},
        streams,
        flags,
    )
    where = "producent.vestigingsnummer" if establishment else "producent.adres"
    for attribute, words in draft.faults(today).items():
        faults.setdefault(where if attribute == "place" else _PATHS[attribute], words)
    if establishment and not looks_like_number(draft.place):
        faults["producent.vestigingsnummer"] = "Een vestigingsnummer telt 10 cijfers."
    return draft, faults


def _flat(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    flat: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in document.items():
        if name not in _GROUPS:
            # A dot belongs to paths of ours, not to a name that somebody sends.
            flat[name.replace(".", "·")] = value
        elif isinstance(value, dict):
            flat.update({f"{name}.{inner}": each for inner, each in value.items()})
        elif value is not None:
            faults[name] = "Dit moet een JSON-object zijn."
    return flat, faults


def document_of(report: Report, photos: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A report as JSON; `photos` where they were asked for."""
    draft = report.draft
    numbered = looks_like_number(draft.place)
    until = report.open_until
    found: dict[str, Any] = {
        "id": report.id,
        "registratienummer": report.number,
        "status": report.status,
        "versie": report.version,
        "kanaal": report.channel,
        "indiener": {
            "organisatie": report.organisation,
            "naam": report.organisation_name,
            "doelgroep": report.doelgroep or None,
            "persoon": report.submitted_by,
        },
        "datum_vaststelling": draft.found_on,
        "moment": draft.moment or None,
        "producent": {
            "naam": draft.producer_name,
            "ondernemingsnummer": draft.producer_kbo,
            "vestigingsnummer": draft.place if numbered else None,
            "adres": None if numbered else draft.place,
        },
        "recipient": {"soort": draft.container or None, "volume": int(draft.volume) if draft.volume.isdigit() else None},
        "afvalstromen": list(draft.streams),
        "omschrijving": draft.description,
        "gevaarlijk_afval": draft.hazardous,
        "geweigerd": draft.refused,
        "nagesorteerd": draft.resorted,
        "klant_verwittigd": {"datum": draft.told_on, "kanaal": draft.told_by} if draft.told_on else None,
        "eigen_referentie": draft.reference or None,
        "ingediend_op": report.submitted_at.isoformat() if report.submitted_at else None,
        "gewijzigd_op": report.changed_at.isoformat(),
        "te_wijzigen_tot": until.isoformat() if until else None,
        "reden_annulering": report.reason or None,
    }  # fmt: skip
    if photos is not None:
        found["fotos"] = photos
    return found
