"""Personen: the list, adding somebody from the national register, and one person with relations and rights."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from simulator.data.changes import number_faults
from simulator.data.history import history
from simulator.data.rules import reason_faults
from simulator.data.seed import Citizen
from simulator.dates import belgian_date
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.numbers import national_number_shown

_DONE: Final = {
    "toegevoegd": "De persoon is toegevoegd. Koppel deze persoon nu aan uw organisatie.",
    "gekoppeld": "De werkrelatie is aangemaakt. U kunt nu gebruikersrechten toekennen.",
    "relatie-gewijzigd": "De werkrelatie is gewijzigd.",
    "toegekend": "Het gebruikersrecht is toegekend.",
    "gewijzigd": "Het gebruikersrecht is gewijzigd.",
    "beeindigd": "De einddatum van het gebruikersrecht is aangepast.",
    "had": "Deze persoon heeft dit gebruikersrecht al.",
    "eerder": "Dit formulier was al verwerkt; het is maar één keer uitgevoerd.",
    "ingetrokken": "Het gebruikersrecht is ingetrokken.",
}
_SEXES: Final = {"M": "Man", "V": "Vrouw", None: "Niet bekend"}
_LAST_ENTRIES: Final = 10


def digits(typed: str) -> str:
    """A number as somebody types it, 94.05.17-046.95, without what stands between its digits."""
    return "".join(sign for sign in typed if sign not in " .-/")


class PersonPages:
    """The pages under Personen."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def listing(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Everybody of the organisation, by name; narrowed by what is sought."""
        sought = request.query_params.get("zoek", "").strip()[:100]
        persons = [each for each in admin.persons() if sought.casefold() in each.name.casefold()]
        return self._desk.page(admin, "persons.html", persons=persons, sought=sought)

    async def show(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """One person, as far as the organisation is concerned."""
        person = admin.find_person(request.path_params["person"])
        if person is None:
            return self._desk.not_there(admin)
        with self._desk.directory.reading() as connection:
            entries, total = history(
                connection, admin.organisation.code, person=person.id, size=_LAST_ENTRIES
            )
        return self._desk.page(
            admin, "person.html", person=person, sex=_SEXES[person.sex], entries=entries, total=total,
            relations=person.relations_with(admin.organisation.code),
            done=_DONE.get(request.query_params.get("gedaan", ""), ""),
        )  # fmt: skip

    async def add(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """First the number, then who that is and why they are added, then the confirmation."""
        values = posted.values if posted is not None else {}
        typed, reason = values.get("number", ""), values.get("reason", "")
        number = digits(typed)

        def number_page(faults: dict[str, str]) -> Response:
            known = admin.people.by_number(number)
            return self._desk.page(
                admin, "person_number.html", status=422 if faults else 200, number=typed, faults=faults,
                known=known if known is not None and admin.organisation.code in known.admitted_by else None,
            )  # fmt: skip

        if posted is None or posted.step == "again":
            return number_page({})
        faults = number_faults(self._desk.directory, admin.people, admin.organisation.code, number)
        citizen = self._desk.directory.citizen(number)
        if faults or citizen is None:
            return number_page(faults)

        def reason_page(faults: dict[str, str]) -> Response:
            return self._desk.page(
                admin, "person_reason.html", status=422 if faults else 200, citizen=citizen, reason=reason,
                sex=_SEXES[citizen.sex], faults=faults,
            )  # fmt: skip

        return await self._desk.steps(
            admin,
            posted,
            form=reason_page,
            faults=reason_faults(reason),
            confirm=lambda: self._confirm(admin, citizen, reason),
            do=lambda ticket: self._desk.changes.admit(admin.actor, ticket, number, reason),
            done="toegevoegd",
        )

    def _confirm(self, admin: Administrator, citizen: Citizen, reason: str) -> Response:
        return self._desk.confirmation(
            admin,
            title="Persoon toevoegen: klopt dit?",
            rows=[
                ("Rijksregisternummer of BIS-nummer", national_number_shown(citizen.number)),
                ("Naam", citizen.family_name),
                ("Voornaam", citizen.given_name),
                ("Geboortedatum", belgian_date(citizen.birth_date)),
                ("Geslacht", _SEXES[citizen.sex]),
                ("Reden van toelating", reason),
            ],
            action=f"{self._desk.prefix}/personen/nieuw",
            hidden=[("number", citizen.number), ("reason", reason)],
            back=f"{self._desk.prefix}/personen",
        )
