"""Mijn Profiel over HTTP: one's own rights in the capacity that was chosen at ACM, and the local administrators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.data.directory import Directory
from simulator.data.people import Granted, People, Person, RightKind, Validity, WorkRelation
from simulator.data.rules import period
from simulator.signin.door import Door, Visitor
from simulator.signin.relying_party import RelyingParty
from simulator.web import page, pages_for_errors, templates


@dataclass(frozen=True, slots=True)
class Own:
    """A right of one's own, in a work relation that is named with it."""

    relation: WorkRelation
    granted: Granted
    kind: RightKind
    validity: Validity


def create_mijnprofiel(directory: Directory, party: RelyingParty) -> Starlette:
    """The ASGI application, to be mounted at the prefix of `party`."""
    pages = templates(
        Path(__file__).parent / "templates", system="Mijn Profiel", environment=directory.environment
    )
    pages.globals["period"] = period
    door = Door(party, directory.environment, pages, directory.clock)
    profile = _Profile(directory, door, pages, party.prefix)
    return Starlette(
        routes=[
            Route("/", profile.welcome),
            *door.routes,
            Route("/start", profile.shown("start.html", "start")),
            Route("/gebruikersrechten", profile.shown("rights.html", "gebruikersrechten")),
            Route("/beheerders", profile.shown("administrators.html", "beheerders")),
        ],
        exception_handlers=pages_for_errors(pages, f"{party.prefix}/"),
    )


def own_rights(people: People, person: Person, organisation: str) -> list[Own]:
    """Everything that was ever granted to somebody for an organisation; what is valid stands first."""
    found = [
        Own(relation, granted, people.rights[granted.code], relation.right_validity(granted, people.today))
        for relation in person.relations_with(organisation)
        for granted in relation.rights
    ]
    order = list(Validity)
    return sorted(found, key=lambda each: (order.index(each.validity), each.granted.begin))


class _Profile:
    def __init__(self, directory: Directory, door: Door, pages: Environment, prefix: str) -> None:
        self._directory = directory
        self._door = door
        self._pages = pages
        self._prefix = prefix

    async def welcome(self, request: Request) -> Response:
        """What there is to see here, for who did not log in yet."""
        if self._door.visitor(request) is None:
            return page(self._pages, "welcome.html", prefix=self._prefix)
        return RedirectResponse(f"{self._prefix}/start", 303)

    def shown(self, template: str, here: str) -> Callable[[Request], Awaitable[Response]]:
        """A page for who is logged in."""

        async def answer(request: Request) -> Response:
            visitor = self._door.visitor(request)
            if visitor is None:
                return self._door.to_login(request)
            people = self._directory.people()
            person = people.by_sub(visitor.sub)
            if person is None:
                return self._door.to_login(request)
            return page(self._pages, template, here=here, **self._values(visitor, people, person))

        return answer

    def _values(self, visitor: Visitor, people: People, person: Person) -> dict[str, Any]:
        code = visitor.organisation
        return {
            "prefix": self._prefix,
            "csrf": self._door.form_token(visitor),
            "person": person,
            "today": people.today,
            "organisation": None if code is None else people.organisations.get(code),
            "relations": [] if code is None else person.relations_with(code),
            "rights": [] if code is None else own_rights(people, person, code),
            "administrators": [] if code is None else people.administrators(code),
            "others": [each.organisation for each in people.relations(person.persona)],
        }
