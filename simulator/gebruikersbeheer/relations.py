"""The work relation of a person with the organisation: making one and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from simulator.data.people import Organisation, Person, WorkRelation
from simulator.data.rules import CATEGORIES, reason_faults, relation_faults
from simulator.dates import belgian_date, read_date
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.numbers import organisation_shown

_NO_DATE: Final = "Schrijf een bestaande datum als dd/mm/jjjj."
_FIELDS = ("organisation", "category", "begin", "end", "email", "phone", "reason")


class RelationPages:
    """The forms for a work relation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def link(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Link a person to the organisation."""
        person = admin.find_person(request.path_params["person"])
        if person is None:
            return self._desk.not_there(admin)
        first = {"organisation": admin.organisation.code, "begin": belgian_date(admin.people.today)}
        values = _values(first if posted is None else posted.values)
        relation, faults = _read(values, admin.organisation)
        if relation is not None:
            faults |= relation_faults(person, relation)
        return await self._form(
            admin, posted, person, values,
            faults=faults, title="Koppel aan uw organisatie", path=f"/personen/{person.id}/werkrelatie",
            relation=relation, done="gekoppeld",
        )  # fmt: skip

    async def change(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Change a work relation; an earlier end date ends it."""
        found = admin.find_relation(request.path_params["relation"])
        if found is None:
            return self._desk.not_there(admin)
        person, old = found
        values = _values(_written(old) if posted is None else posted.values)
        relation, faults = _read(values, admin.organisation, old.id)
        if relation is not None:
            faults |= relation_faults(person, relation)
        faults |= reason_faults(values["reason"])
        return await self._form(
            admin, posted, person, values,
            faults=faults, title="Wijzig de werkrelatie", path=f"/werkrelaties/{old.id}/wijzig",
            relation=relation, done="relatie-gewijzigd",
        )  # fmt: skip

    async def _form(
        self,
        admin: Administrator,
        posted: Posted | None,
        person: Person,
        values: dict[str, str],
        *,
        faults: dict[str, str],
        title: str,
        path: str,
        relation: WorkRelation | None,
        done: str,
    ) -> Response:
        action, back = f"{self._desk.prefix}{path}", f"{self._desk.prefix}/personen/{person.id}"
        changing = relation is not None and relation.id != 0

        def form(faults: dict[str, str]) -> Response:
            return self._desk.page(
                admin, "relation.html", status=422 if faults else 200, person=person, title=title, action=action,
                back=back, values=values, faults=faults, with_reason=done != "gekoppeld",
                categories=CATEGORIES[admin.organisation.doelgroep],
            )  # fmt: skip

        def confirm() -> Response:
            rows = _shown(admin, person, values)
            if changing:
                rows.append(("Reden", values["reason"]))
            return self._desk.confirmation(
                admin,
                title=f"{title}: klopt dit?",
                rows=rows,
                action=action,
                hidden=list(values.items()),
                back=back,
            )

        def do(ticket: str) -> int:
            assert relation is not None
            if changing:
                return self._desk.changes.relink(admin.actor, ticket, relation, values["reason"])
            return self._desk.changes.link(admin.actor, ticket, person.id, relation)

        return await self._desk.steps(
            admin, posted, form=form, faults=faults, confirm=confirm, do=do, done=done
        )


def date_fault(typed: str, what: str) -> str:
    """What to say of a day that cannot be read: `what` it is, where nothing was filled in."""
    return _NO_DATE if typed else f"Vul {what} in, als dd/mm/jjjj."


def _shown(admin: Administrator, person: Person, values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        ("Persoon", person.name),
        ("Organisatie", f"{admin.organisation.name} ({organisation_shown(admin.organisation.code)})"),
        ("Categorie", values["category"]),
        ("Begindatum", values["begin"]),
        ("Einddatum", values["end"] or "geen"),
        ("E-mailadres (werk)", values["email"]),
        ("Telefoonnummer (werk)", values["phone"]),
    ]


def _values(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "") for name in _FIELDS}


def _written(relation: WorkRelation) -> dict[str, str]:
    return {
        "organisation": relation.organisation.code,
        "category": relation.category,
        "begin": belgian_date(relation.begin),
        "end": belgian_date(relation.end),
        "email": relation.email,
        "phone": relation.phone,
    }


def _read(
    values: Mapping[str, str], organisation: Organisation, number: int = 0
) -> tuple[WorkRelation | None, dict[str, str]]:
    """(what was filled in, what is wrong with how it was written by field). None where a date cannot be read."""
    begin, end = read_date(values["begin"]), read_date(values["end"])
    faults = {}
    if values["organisation"] != organisation.code:
        faults["organisation"] = "Kies uw organisatie."
    if begin is None:
        faults["begin"] = date_fault(values["begin"], "de begindatum")
    if values["end"] and end is None:
        faults["end"] = date_fault(values["end"], "de einddatum")
    if begin is None or "end" in faults:
        return None, faults
    relation = WorkRelation(
        organisation, values["category"], begin, end, values["email"], values["phone"], (), number
    )
    return relation, faults
