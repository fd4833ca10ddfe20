"""What makes a work relation or a right acceptable. It says what is wrong, in Dutch, by the field that is to be mended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from simulator.data.people import Granted, People, Person, RightKind, WorkRelation
from simulator.dates import belgian_date

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "GID": ("Ambtenaar", "Contractueel medewerker", "Externe medewerker"),
        "LB": ("Ambtenaar", "Contractueel medewerker", "Externe medewerker"),
        "OV": ("Vaste medewerker", "Tijdelijke medewerker", "Externe medewerker"),
        "EA": ("Vaste medewerker", "Occasionele medewerker", "Externe medewerker"),
    }
)
LONGEST_TEXT: Final = 500
NO_CONTEXT: Final = "Verplaats minstens één context naar 'Geselecteerd'."
_EMAIL: Final = re.compile(r"[^\s@:,;<>\"]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ./()-]{6,22}[0-9]")


def last_day(kind: RightKind, begin: date) -> date:
    """The last day on which a right of this kind may still hold when it begins on `begin`."""
    return begin + timedelta(days=kind.max_days)


def reason_faults(reason: str) -> dict[str, str]:
    """A reason has words, and not too many."""
    if not reason.strip():
        return {"reason": "Vul de reden in."}
    if len(reason) > LONGEST_TEXT:
        return {"reason": f"Gebruik hoogstens {LONGEST_TEXT} tekens; nu zijn het er {len(reason)}."}
    return {}


def relation_faults(person: Person, wanted: WorkRelation) -> dict[str, str]:
    """What is wrong with a work relation of this person. One with the id of an existing relation replaces that."""
    found = {}
    if wanted.category not in CATEGORIES[wanted.organisation.doelgroep]:
        found["category"] = "Kies een categorie uit de lijst."
    if wanted.end is not None and wanted.end < wanted.begin:
        found["end"] = "De einddatum ligt voor de begindatum."
    others = [each for each in person.relations_with(wanted.organisation.code) if each.id != wanted.id]
    clash = _overlapping(wanted.begin, wanted.end, ((each.begin, each.end) for each in others))
    if not found and clash is not None:
        found["begin"] = f"Er is al een werkrelatie met deze organisatie: {period(*clash)}."
    if not _EMAIL.fullmatch(wanted.email):
        found["email"] = "Vul een e-mailadres in, bijvoorbeeld naam@organisatie.example."
    if not _PHONE.fullmatch(wanted.phone):
        found["phone"] = "Vul een telefoonnummer in, bijvoorbeeld +32 3 000 00 00."
    return found


def right_faults(people: People, relation: WorkRelation, wanted: Granted) -> dict[str, str]:
    """What is wrong with a right on this relation. One with the id of an existing right replaces that."""
    kind = people.rights.get(wanted.code)
    if kind is None:
        return {"kind": "Kies een gebruikersrecht uit de lijst."}
    found = _period_faults(kind, relation, wanted)
    others = [
        each
        for each in relation.rights
        if each.code == kind.code and each.id != wanted.id and not each.revoked
    ]
    clash = _overlapping(wanted.begin, wanted.end, ((each.begin, each.end) for each in others))
    if not found and clash is not None:
        found["begin"] = (
            f"Dit recht is al toegekend: {period(*clash)}. Wijzig dat recht, of kies een andere periode."
        )
    if not found and wanted.end is not None and wanted.end < people.today and wanted.id == 0:
        found["end"] = "De einddatum is al voorbij."
    if not wanted.contexts or set(wanted.contexts) - set(kind.contexts):
        found["contexts"] = NO_CONTEXT
    return found | reason_faults(wanted.reason)


def period(begin: date, end: date | None) -> str:
    """A period in words."""
    if end is None:
        return f"vanaf {belgian_date(begin)}"
    return f"van {belgian_date(begin)} tot en met {belgian_date(end)}"


def _period_faults(kind: RightKind, relation: WorkRelation, wanted: Granted) -> dict[str, str]:
    if wanted.begin < relation.begin:
        return {"begin": f"De werkrelatie begint pas op {belgian_date(relation.begin)}."}
    if relation.end is not None and relation.end < wanted.begin:
        return {"begin": f"De werkrelatie eindigt al op {belgian_date(relation.end)}."}
    if wanted.end is None:
        return {"end": "Vul de einddatum in."}
    if wanted.end < wanted.begin:
        return {"end": "De einddatum ligt voor de begindatum."}
    if wanted.end > last_day(kind, wanted.begin):
        latest = belgian_date(last_day(kind, wanted.begin))
        return {"end": f"Dit recht duurt hoogstens {kind.max_days} dagen: kies een dag tot en met {latest}."}
    if relation.end is not None and wanted.end > relation.end:
        return {"end": f"De werkrelatie eindigt al op {belgian_date(relation.end)}."}
    return {}


def _overlapping(
    begin: date, end: date | None, others: Iterable[tuple[date, date | None]]
) -> tuple[date, date | None] | None:
    for first, last in others:
        if (last is None or begin <= last) and (end is None or first <= end):
            return first, last
    return None
