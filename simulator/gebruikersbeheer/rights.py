"""Gebruikersrechten: granting one, changing it, ending it and revoking it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from simulator.data.changes import end_faults, told_right
from simulator.data.people import Granted, Person, RightKind, WorkRelation
from simulator.data.rules import NO_CONTEXT, last_day, reason_faults, right_faults
from simulator.dates import belgian_date, read_date
from simulator.gebruikersbeheer.desk import Administrator, Desk, Posted
from simulator.gebruikersbeheer.picker import Picker, picker_of
from simulator.gebruikersbeheer.relations import date_fault
from simulator.gebruikersbeheer.wishes import last_day_of, wished
from simulator.numbers import organisation_shown

_NOW: Final = (
    "Het recht houdt meteen op. Dit kan niet ongedaan worden gemaakt; u kunt wel een nieuw recht toekennen."
)


class RightPages:
    """The forms for rights."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def choose_kind(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """First which right; the choice leads on to its form."""
        found = admin.find_relation(request.path_params["relation"])
        if found is None:
            return self._desk.not_there(admin)
        person, relation = found
        kind = request.query_params.get("recht")
        if kind in admin.people.rights:
            return self._desk.onward(f"/werkrelaties/{relation.id}/recht/{kind}")
        faults = {} if kind is None else {"recht": "Kies een gebruikersrecht uit de lijst."}
        return self._desk.page(
            admin, "kind.html", status=422 if faults else 200, person=person, relation=relation, faults=faults,
            kinds={each.code: each.label for each in admin.people.rights.values()},
        )  # fmt: skip

    async def grant(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Dates, contexts and reason of a new right; those of a request are filled in."""
        found = admin.find_relation(request.path_params["relation"])
        kind = admin.people.rights.get(request.path_params["kind"])
        if found is None or kind is None:
            return self._desk.not_there(admin)
        person, relation = found
        begin = max(admin.people.today, relation.begin)
        blank = wished(request, Granted(kind.code, (), begin, None), kind, last_day_of(kind, relation, begin))
        return await self._form(
            admin, posted, person, relation, kind, blank,
            title=f"Ken '{kind.label}' toe", path=f"/werkrelaties/{relation.id}/recht/{kind.code}", done="toegekend",
        )  # fmt: skip

    async def change(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """Other dates, other contexts; those of a request are added."""
        found = admin.find_right(request.path_params["right"])
        if found is None:
            return self._desk.not_there(admin)
        person, relation, old = found
        kind = admin.people.rights[old.code]
        return await self._form(
            admin, posted, person, relation, kind, wished(request, replace(old, reason=""), kind),
            title=f"Wijzig '{kind.label}'", path=f"/rechten/{old.id}/wijzig", done="gewijzigd",
        )  # fmt: skip

    async def end(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """An earlier last day."""
        found = admin.find_right(request.path_params["right"])
        if found is None:
            return self._desk.not_there(admin)
        person, _, old = found
        first = {"end": belgian_date(admin.people.today)}
        values = _values(first if posted is None else posted.values, ("end", "reason"))
        day = read_date(values["end"])
        faults = (
            {"end": date_fault(values["end"], "de laatste dag")}
            if day is None
            else end_faults(old, day, admin.people.today)
        )

        def do(ticket: str) -> int:
            assert day is not None
            return self._desk.changes.end(admin.actor, ticket, old.id, day, values["reason"])

        return await self._stop(
            admin, posted, person, old, values, title="Beëindig het gebruikersrecht", path="beeindig",
            faults=faults | reason_faults(values["reason"]), do=do, done="beeindigd",
        )  # fmt: skip

    async def revoke(self, request: Request, admin: Administrator, posted: Posted | None) -> Response:
        """No longer valid from this moment."""
        found = admin.find_right(request.path_params["right"])
        if found is None:
            return self._desk.not_there(admin)
        person, _, old = found
        values = _values({} if posted is None else posted.values, ("reason",))
        return await self._stop(
            admin, posted, person, old, values, title="Trek het gebruikersrecht in", path="trek-in",
            faults=reason_faults(values["reason"]), done="ingetrokken", warning=_NOW,
            do=lambda ticket: self._desk.changes.revoke(admin.actor, ticket, old.id, values["reason"]),
        )  # fmt: skip

    async def _form(
        self,
        admin: Administrator,
        posted: Posted | None,
        person: Person,
        relation: WorkRelation,
        kind: RightKind,
        old: Granted,
        *,
        title: str,
        path: str,
        done: str,
    ) -> Response:
        first = {"begin": belgian_date(old.begin), "end": belgian_date(old.end), "reason": old.reason}
        values = _values(first if posted is None else posted.values, ("begin", "end", "reason"))
        picker = picker_of(kind, old.contexts, posted)
        wanted, faults = _read(values, picker.chosen, old)
        faults |= right_faults(admin.people, relation, wanted) if wanted is not None else {}
        action, back = f"{self._desk.prefix}{path}", f"{self._desk.prefix}/personen/{person.id}"

        def form(faults: dict[str, str]) -> Response:
            return self._desk.page(
                admin, "right.html", status=422 if faults else 200, person=person, relation=relation, kind=kind,
                title=title, action=action, back=back, values=values, picker=picker, faults=faults,
                latest=last_day(kind, old.begin),
            )  # fmt: skip

        def do(ticket: str) -> int:
            assert wanted is not None
            if wanted.id:
                return self._desk.changes.change(admin.actor, ticket, wanted)
            return self._desk.changes.grant(admin.actor, ticket, relation.id, wanted)

        return await self._desk.steps(
            admin, posted, form=form, faults=faults, do=do, done=done,
            confirm=lambda: self._confirm(admin, person, kind, values, picker, title, action, back),
        )  # fmt: skip

    def _confirm(
        self,
        admin: Administrator,
        person: Person,
        kind: RightKind,
        values: Mapping[str, str],
        picker: Picker,
        title: str,
        action: str,
        back: str,
    ) -> Response:
        return self._desk.confirmation(
            admin,
            title=f"{title}: klopt dit?",
            rows=[
                ("Persoon", person.name),
                ("Organisatie", f"{admin.organisation.name} ({organisation_shown(admin.organisation.code)})"),
                ("Gebruikersrecht", kind.label),
                ("Context", ", ".join(kind.contexts[code] for code in picker.chosen)),
                ("Begindatum", values["begin"]),
                ("Einddatum", values["end"]),
                ("Reden", values["reason"]),
            ],
            action=action,
            hidden=[*values.items(), *(("contexts", code) for code in picker.chosen)],
            back=back,
        )

    async def _stop(
        self,
        admin: Administrator,
        posted: Posted | None,
        person: Person,
        old: Granted,
        values: dict[str, str],
        *,
        title: str,
        path: str,
        faults: dict[str, str],
        do: Callable[[str], int],
        done: str,
        warning: str = "",
    ) -> Response:
        """The form of what makes a right stop: a reason, and for some a day."""
        action = f"{self._desk.prefix}/rechten/{old.id}/{path}"
        back = f"{self._desk.prefix}/personen/{person.id}"
        told = told_right(admin.people.rights[old.code], old)

        def form(faults: dict[str, str]) -> Response:
            return self._desk.page(
                admin, "stop.html", status=422 if faults else 200, person=person, told=told, title=title,
                action=action, back=back, values=values, faults=faults, warning=warning,
            )  # fmt: skip

        def confirm() -> Response:
            rows = [("Persoon", person.name), ("Gebruikersrecht", told)]
            if "end" in values:
                rows.append(("Nieuwe einddatum", values["end"]))
            rows.append(("Reden", values["reason"]))
            return self._desk.confirmation(
                admin, title=f"{title}: klopt dit?", rows=rows, action=action, hidden=list(values.items()), back=back,
                warning=warning,
            )  # fmt: skip

        return await self._desk.steps(
            admin, posted, form=form, faults=faults, confirm=confirm, do=do, done=done
        )


def _values(given: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: given.get(name, "") for name in names}


def _read(
    values: Mapping[str, str], contexts: tuple[str, ...], old: Granted
) -> tuple[Granted | None, dict[str, str]]:
    """(what was filled in, what is wrong with how it was written by field). None where a date cannot be read."""
    begin, end = read_date(values["begin"]), read_date(values["end"])
    days = (("begin", begin, "de begindatum"), ("end", end, "de einddatum"))
    faults = {name: date_fault(values[name], what) for name, day, what in days if day is None}
    if begin is None or end is None:
        if not contexts:
            faults["contexts"] = NO_CONTEXT
        return None, faults | reason_faults(values["reason"])
    return replace(old, begin=begin, end=end, contexts=contexts, reason=values["reason"]), faults
