"""A request for a right, as a link in the message of the person who asks: on to the form, with all filled in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from simulator.data.people import Granted, People, Person, RightKind, Validity, WorkRelation
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.gebruikersbeheer.wishes import wish


class RequestPage:
    """`/aanvraag?persoon=...&organisatie=...&recht=...&context=...`: who asks what, for which organisation.

    `persoon` is the subject of the person at ACM, or their name. Nothing is changed here, and nothing is said about people of
    other organisations.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def follow(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """The form of the right, else the page where the first thing is done that comes before it."""
        query = request.query_params
        asked, organisation = query.get("persoon", "").strip(), query.get("organisatie", "")
        kind = admin.people.rights.get(query.get("recht", ""))
        if organisation not in ("", admin.organisation.code):
            return self._refuse(admin, "elsewhere", asked, admin.people, organisation)
        person = _person(admin, asked)
        if person is None:
            return self._refuse(admin, "unknown", asked, admin.people, organisation)
        contexts = tuple(
            code for code in query.getlist("context") if kind is not None and code in kind.contexts
        )
        relation = _relation(admin, person)
        if relation is None or kind is None or not contexts:
            return self._desk.onward(f"/personen/{person.id}")
        wanted = wish(contexts, query.get("reden", "").strip() or f"Op vraag van {person.name}")
        return self._desk.onward(_form(admin, person, relation, kind, contexts, wanted))

    def _refuse(
        self, admin: Administrator, why: str, asked: str, people: People, organisation: str
    ) -> Response:
        other = people.organisations.get(organisation)
        named = asked if " " in asked else ""
        return self._desk.page(
            admin, "request.html", status=404, why=why, asked=named, organisation=organisation,
            other=other.name if other is not None else "",
        )  # fmt: skip


def _person(admin: Administrator, asked: str) -> Person | None:
    """Who asks, among those of the organisation; a name that two of them have names nobody."""
    found = [
        each for each in admin.persons() if asked == each.sub or asked.casefold() == each.name.casefold()
    ]
    return found[0] if len(found) == 1 else None


def _relation(admin: Administrator, person: Person) -> WorkRelation | None:
    """Where the right goes: the work relation that holds today."""
    relations = person.relations_with(admin.organisation.code)
    return next((each for each in relations if each.valid_on(admin.people.today)), None)


def _form(
    admin: Administrator,
    person: Person,
    relation: WorkRelation,
    kind: RightKind,
    contexts: tuple[str, ...],
    wanted: str,
) -> str:
    """A right of this kind that holds gets the contexts that it lacks: two of one kind cannot hold at once."""
    standing = next((each for each in relation.rights if _holds(each, kind, admin)), None)
    if standing is None:
        return f"/werkrelaties/{relation.id}/recht/{kind.code}?{wanted}"
    if set(contexts) <= set(standing.contexts):
        return f"/personen/{person.id}?gedaan=had"
    return f"/rechten/{standing.id}/wijzig?{wanted}"


def _holds(granted: Granted, kind: RightKind, admin: Administrator) -> bool:
    return (
        granted.code == kind.code
        and not granted.revoked
        and granted.validity(admin.people.today) is Validity.VALID
    )
