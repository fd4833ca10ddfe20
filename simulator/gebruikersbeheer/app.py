"""Gebruikersbeheer over HTTP: every page of it, in the order of the manual."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.data.directory import Directory
from simulator.data.rules import period
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.gebruikersbeheer.overview import OverviewPages
from simulator.gebruikersbeheer.persons import PersonPages
from simulator.gebruikersbeheer.relations import RelationPages
from simulator.gebruikersbeheer.requests import RequestPage
from simulator.gebruikersbeheer.rights import RightPages
from simulator.signin.door import Door
from simulator.signin.relying_party import RelyingParty
from simulator.web import page, pages_for_errors, templates

_BOTH = ["GET", "POST"]


def create_gebruikersbeheer(directory: Directory, party: RelyingParty) -> Starlette:
    """The ASGI application, to be mounted at the prefix of `party`."""
    pages = templates(
        Path(__file__).parent / "templates", system="Gebruikersbeheer", environment=directory.environment
    )
    pages.globals["period"] = period
    door = Door(party, directory.environment, pages, directory.clock)
    desk = Desk(directory, door, pages, party.prefix)
    persons, relations, rights = PersonPages(desk), RelationPages(desk), RightPages(desk)
    overview, requests = OverviewPages(desk), RequestPage(desk)

    async def welcome(request: Request) -> Response:
        if door.visitor(request) is None:
            return page(pages, "welcome.html", prefix=party.prefix)
        return RedirectResponse(f"{party.prefix}/start", 303)

    async def start(request: Request, admin: Administrator, posted: Posted | None) -> Response:
        return desk.page(admin, "start.html")

    return Starlette(
        routes=[
            Route("/", welcome),
            *door.routes,
            Route("/start", desk.guarded(start)),
            Route("/personen", desk.guarded(persons.listing)),
            Route("/personen/nieuw", desk.guarded(persons.add), methods=_BOTH),
            Route("/personen/{person:int}", desk.guarded(persons.show)),
            Route("/personen/{person:int}/werkrelatie", desk.guarded(relations.link), methods=_BOTH),
            Route("/werkrelaties/{relation:int}/wijzig", desk.guarded(relations.change), methods=_BOTH),
            Route("/werkrelaties/{relation:int}/recht", desk.guarded(rights.choose_kind)),
            Route("/werkrelaties/{relation:int}/recht/{kind}", desk.guarded(rights.grant), methods=_BOTH),
            Route("/rechten/{right:int}/wijzig", desk.guarded(rights.change), methods=_BOTH),
            Route("/rechten/{right:int}/beeindig", desk.guarded(rights.end), methods=_BOTH),
            Route("/rechten/{right:int}/trek-in", desk.guarded(rights.revoke), methods=_BOTH),
            Route("/rechten", desk.guarded(overview.rights)),
            Route("/rechten.csv", desk.guarded(overview.table)),
            Route("/geschiedenis", desk.guarded(overview.history)),
            Route("/aanvraag", desk.guarded(requests.follow)),
        ],
        exception_handlers=pages_for_errors(pages, f"{party.prefix}/"),
    )
