"""The ways through Gebruikersbeheer that tests take more than once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import httpx2

from simulator.dates import belgian_date
from tests.simulator.visitors import Portal, Visitor

NEXT: Final = ("step", "next")
CONFIRM: Final = ("step", "confirm")
BACK: Final = ("step", "back")
SEARCH: Final = ("step", "search")
HOME: Final = "/gebruikersbeheer"
NORA: Final = "94051704695"


def day(portal: Portal, days: int = 0) -> str:
    """A day from today, as people write it."""
    return belgian_date(portal.directory.today() + timedelta(days=days))


def add_person(visitor: Visitor, number: str = NORA, reason: str = "Nieuwe medewerker") -> httpx2.Response:
    page = visitor.open(f"{HOME}/personen/nieuw")
    page = visitor.send(page, SEARCH, number=number)
    page = visitor.send(page, NEXT, reason=reason)
    return visitor.send(page, CONFIRM)


def link(visitor: Visitor, portal: Portal, person: httpx2.Response, **changes: str) -> httpx2.Response:
    page = visitor.open(f"{person.url.path}/werkrelatie")
    given = {
        "organisation": "0456789034",
        "category": "Vaste medewerker",
        "begin": day(portal),
        "end": day(portal, 400),
        "email": "nora.janssens@peeters.example",
        "phone": "+32 3 000 00 11",
    }
    return visitor.send(page, NEXT, **{**given, **changes})


def open_right(visitor: Visitor, relation: int) -> httpx2.Response:
    page = visitor.open(f"{HOME}/werkrelaties/{relation}/recht")
    form = [("recht", "OVAMGebruiker")]
    return visitor.request(str(page.url), "get", form)


def fill_right(visitor: Visitor, portal: Portal, relation: int, **changes: str) -> httpx2.Response:
    page = visitor.send(open_right(visitor, relation), ("pick", "NonConformiteitenIndiener"))
    given = {"begin": day(portal), "end": day(portal, 365), "reason": "Dient meldingen in"}
    return visitor.send(page, NEXT, **{**given, **changes})


def relation_of(portal: Portal, persona: str) -> int:
    return portal.directory.people().people[persona].works_for[0].id


def right_of(portal: Portal, persona: str) -> int:
    return portal.directory.people().people[persona].works_for[0].rights[0].id


def roles(portal: Portal, persona: str, organisation: str = "0456789034") -> list[str]:
    """What the claim says of somebody now."""
    return (
        portal.directory.people()
        .role_claims(persona, organisation, frozenset(("ovam",)))
        .get("ovam_rol_3d", [])
    )


def in_days(portal: Portal, days: int) -> date:
    return portal.directory.today() + timedelta(days=days)
