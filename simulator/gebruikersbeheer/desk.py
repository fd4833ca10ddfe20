"""Who may come to the desk, and the steps of every form there: fill in, check, confirm, done."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simulator.data.changes import Actor, Changes, Refused
from simulator.data.directory import Directory
from simulator.data.people import Granted, Organisation, People, Person, WorkRelation
from simulator.signin.door import Door, Visitor
from simulator.web import page

_EXPIRED: Final = "Dit formulier was verlopen. Controleer het en ga opnieuw verder."
_LONGEST_FIELD: Final = 2_000


@dataclass(frozen=True, slots=True)
class Administrator:
    """A local administrator, the organisation that they act for, and everybody as they are now."""

    visitor: Visitor
    person: Person
    organisation: Organisation
    people: People

    @property
    def actor(self) -> Actor:
        return Actor(self.person.persona, self.organisation.code)

    def persons(self) -> list[Person]:
        """Those whom the organisation added, by name."""
        found = [each for each in self.people.people.values() if self.organisation.code in each.admitted_by]
        return sorted(found, key=lambda each: (_plain(each.family_name), _plain(each.given_name)))

    def find_person(self, number: int) -> Person | None:
        """A person of the organisation."""
        return self.people.person(self.organisation.code, number)

    def find_relation(self, number: int) -> tuple[Person, WorkRelation] | None:
        """A work relation with the organisation, and whose it is."""
        return self.people.relation(self.organisation.code, number)

    def find_right(self, number: int) -> tuple[Person, WorkRelation, Granted] | None:
        """A right for the organisation that was not revoked, and whose it is."""
        return self.people.right(self.organisation.code, number)


@dataclass(frozen=True, slots=True)
class Posted:
    """A form that was sent. `step` is the button that sent it; a form that is not `genuine` changes nothing."""

    values: Mapping[str, str]
    contexts: tuple[str, ...]
    step: str
    ticket: str
    genuine: bool


Handler = Callable[[Request, Administrator, Posted | None], Awaitable[Response]]
Confirmation = tuple[str, str]


class Desk:
    """What all pages of Gebruikersbeheer share."""

    def __init__(self, directory: Directory, door: Door, pages: Environment, prefix: str) -> None:
        self.directory = directory
        self.changes = Changes(directory)
        self.prefix = prefix
        self._door = door
        self._pages = pages

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for administrators only: others log in first, or read why they may not come in."""

        async def answer(request: Request) -> Response:
            visitor = self._door.visitor(request)
            if visitor is None:
                if request.method == "POST":
                    return page(self._pages, "expired.html", status=403, prefix=self.prefix)
                return self._door.to_login(request)
            people = self.directory.people()
            person = people.by_sub(visitor.sub)
            code = visitor.organisation
            if person is None or code is None or not people.administers(person, code):
                return self._no_administrator(visitor, person, people)
            admin = Administrator(visitor, person, people.organisations[code], people)
            posted = await self._posted(request, visitor) if request.method == "POST" else None
            before = self._done_before(posted)
            return before if before is not None else await handler(request, admin, posted)

        return answer

    def page(self, admin: Administrator, name: str, *, status: int = 200, **values: Any) -> Response:
        """A page for an administrator."""
        return page(
            self._pages, name, status=status, admin=admin, prefix=self.prefix, today=admin.people.today,
            csrf=self._door.form_token(admin.visitor), ticket=secrets.token_urlsafe(18), **values,
        )  # fmt: skip

    def not_there(self, admin: Administrator) -> Response:
        """For what does not exist and for what belongs to another organisation: nobody can tell which."""
        return self.page(admin, "not_there.html", status=404)

    def onward(self, path: str) -> Response:
        """On to another page."""
        return RedirectResponse(f"{self.prefix}{path}", 303, headers={"cache-control": "no-store"})

    async def steps(
        self,
        admin: Administrator,
        posted: Posted | None,
        *,
        form: Callable[[dict[str, str]], Response],
        faults: dict[str, str],
        confirm: Callable[[], Response],
        do: Callable[[str], int],
        done: str,
    ) -> Response:
        """The step that comes now: the form, again with its faults, the confirmation, or the person whom it changed.

        `do` makes the change for a ticket and gives the id of the person; `done` names what happened.
        """
        if posted is None:
            return form({})
        if not posted.genuine:
            return form({"csrf": _EXPIRED, **faults})
        if posted.step not in ("next", "confirm"):
            return form({})
        if posted.step == "next" or faults:
            return form(faults) if faults else confirm()
        try:
            person = await run_in_threadpool(do, posted.ticket)
        except Refused as refused:
            return form(refused.faults)
        return self.onward(f"/personen/{person}?gedaan={done}")

    def confirmation(
        self,
        admin: Administrator,
        *,
        title: str,
        rows: Sequence[Confirmation],
        action: str,
        hidden: Sequence[tuple[str, str]],
        back: str,
        button: str = "Bevestig",
        warning: str = "",
    ) -> Response:
        """The page that shows once more what will happen. `hidden` are the fields of the form, `back` where to stop."""
        return self.page(
            admin, "confirm.html", title=title, rows=rows, action=action, hidden=hidden, back=back, button=button,
            warning=warning,
        )  # fmt: skip

    def _done_before(self, posted: Posted | None) -> Response | None:
        """Where a confirmation that is sent twice leads: to what the first one did."""
        if posted is None or posted.step != "confirm" or not posted.genuine:
            return None
        person = self.changes.result_of(posted.ticket)
        return None if person is None else self.onward(f"/personen/{person}?gedaan=eerder")

    async def _posted(self, request: Request, visitor: Visitor) -> Posted:
        form = await request.form(max_files=0, max_fields=60)
        texts = {
            name: value[:_LONGEST_FIELD].replace("\r\n", "\n").strip()
            for name, value in form.items()
            if isinstance(value, str)
        }
        contexts = tuple(dict.fromkeys(value for value in form.getlist("contexts") if isinstance(value, str)))
        return Posted(
            values=texts,
            contexts=contexts,
            step=texts.get("step", ""),
            ticket=texts.get("ticket", ""),
            genuine=self._door.is_genuine(visitor, texts.get("csrf")) and bool(texts.get("ticket")),
        )

    def _no_administrator(self, visitor: Visitor, person: Person | None, people: People) -> Response:
        elsewhere = (
            []
            if person is None
            else [code for code in person.administrator_of if people.administers(person, code)]
        )
        return page(
            self._pages, "no_administrator.html", status=403, visitor=visitor, prefix=self.prefix,
            csrf=self._door.form_token(visitor), elsewhere=[people.organisations[code].name for code in elsewhere],
        )  # fmt: skip


def _plain(name: str) -> str:
    """A name without accents, to sort by: Ångström stands with the A, Łukasz with the L."""
    plain = unicodedata.normalize("NFKD", name.replace("Ł", "L").replace("ł", "l"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
