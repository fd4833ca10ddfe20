"""Overviews for the whole organisation: all rights, also as a file for spreadsheets, and who did what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from simulator.data.history import history
from simulator.data.people import Granted, Person, Validity, WorkRelation
from simulator.dates import belgian_date
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.web.spreadsheet import MARK, row

_PAGE: Final = 25
_COLUMNS: Final = (
    "naam", "voornaam", "organisatie", "organisatiecode", "categorie", "gebruikersrecht", "context", "begindatum",
    "einddatum", "toestand", "reden",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A right that somebody holds or held, and how it stands."""

    person: Person
    relation: WorkRelation
    granted: Granted
    label: str
    contexts: tuple[str, ...]
    validity: Validity


def held(admin: Administrator) -> Iterator[Held]:
    """All rights for the organisation, by the name of the person."""
    for person in admin.persons():
        for relation in person.relations_with(admin.organisation.code):
            for granted in relation.rights:
                kind = admin.people.rights[granted.code]
                contexts = tuple(kind.contexts[code] for code in granted.contexts)
                validity = relation.right_validity(granted, admin.people.today)
                yield Held(person, relation, granted, kind.label, contexts, validity)


class OverviewPages:
    """The pages that only show."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def rights(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """All rights, or those of one state."""
        state = request.query_params.get("toestand", "")
        shown = [each for each in held(admin) if state in ("", each.validity.value)]
        return self._desk.page(
            admin,
            "rights.html",
            shown=shown,
            state=state,
            states={each.value: each.value for each in Validity},
        )

    async def table(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """All rights as CSV, one row for each context. National numbers stay out of files that travel."""
        rows = [
            (
                each.person.family_name, each.person.given_name, admin.organisation.name, admin.organisation.code,
                each.relation.category, each.label, context, belgian_date(each.granted.begin),
                belgian_date(each.granted.end), each.validity.value, each.granted.reason,
            )
            for each in held(admin)
            for context in each.contexts
        ]  # fmt: skip
        name = f"gebruikersrechten-{admin.organisation.code}-{admin.people.today.isoformat()}.csv"
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        content = MARK + "".join(row(cells) for cells in (_COLUMNS, *rows))
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    async def history(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Who did what, newest first; about everybody or about one person."""
        query = request.query_params
        about = admin.find_person(int(query["persoon"])) if _is_number(query.get("persoon", "")) else None
        current = max(1, int(query["pagina"])) if _is_number(query.get("pagina", "")) else 1
        with self._desk.directory.reading() as connection:
            entries, total = history(
                connection, admin.organisation.code, page=current, size=_PAGE,
                person=None if about is None else about.id,
            )  # fmt: skip
        return self._desk.page(
            admin, "history.html", entries=entries, total=total, current=current, about=about,
            pages=max(1, -(-total // _PAGE)),
        )  # fmt: skip


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9
