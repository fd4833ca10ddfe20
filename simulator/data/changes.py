"""What a local administrator does, each thing whole or not at all, with who did it and why, and once for each ticket."""

from __future__ import annotations

import re
import secrets
import sqlite3
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar

from simulator.data.directory import Directory
from simulator.data.history import note
from simulator.data.people import Granted, People, Person, RightKind, WorkRelation
from simulator.data.reading import people_in
from simulator.data.rows import insert_contexts, insert_relation, insert_right, iso
from simulator.data.rules import period, reason_faults, relation_faults, right_faults
from simulator.numbers import national_number_fault

Found = TypeVar("Found")
_GONE: Final = "Dit bestaat niet (meer) in uw organisatie."


class Refused(Exception):
    """A change cannot be made. `faults` says what is wrong, in Dutch, by field; "" is about the whole."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Actor:
    """The administrator who acts, by persona, and the organisation that they act for."""

    persona: str
    organisation: str


class Changes:
    """The changes of one directory. Each takes a ticket, any text: the second time it only gives the first result.

    All raise Refused: for somebody who is no administrator of the organisation, for what belongs to another
    organisation, and for what the rules do not allow.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def admit(self, actor: Actor, ticket: str, number: str, reason: str) -> int:
        """Add somebody from the national register to those whom the organisation can see; the id of the person."""

        def do(work: _Work) -> int:
            work.need(
                number_faults(self._directory, work.people, actor.organisation, number)
                | reason_faults(reason)
            )
            known = work.people.by_number(number)
            person = known.id if known is not None else _new_person(work, number)
            work.run("INSERT INTO admission VALUES (?, ?)", person, actor.organisation)
            work.note("Persoon toegevoegd", person, "", reason)
            return person

        return self._once(actor, ticket, do)

    def link(self, actor: Actor, ticket: str, person: int, relation: WorkRelation) -> int:
        """Give a person a work relation with the organisation; the id of the person."""

        def do(work: _Work) -> int:
            found = work.person(person)
            work.need(_own_organisation(actor, relation) | relation_faults(found, relation))
            insert_relation(work.connection, person, relation)
            work.note("Werkrelatie aangemaakt", person, told_relation(relation), "")
            return person

        return self._once(actor, ticket, do)

    def relink(self, actor: Actor, ticket: str, relation: WorkRelation, reason: str) -> int:
        """Change the work relation with this id; the id of the person."""

        def do(work: _Work) -> int:
            person, old = work.relation(relation.id)
            faults = relation_faults(person, relation) | reason_faults(reason)
            work.need(_own_organisation(actor, relation) | faults)
            work.run(
                "UPDATE work_relation SET category = ?, begin_on = ?, end_on = ?, email = ?, phone = ? WHERE id = ?",
                relation.category, iso(relation.begin), iso(relation.end), relation.email, relation.phone, old.id,
            )  # fmt: skip
            work.note(
                "Werkrelatie gewijzigd",
                person.id,
                _difference(told_relation(old), told_relation(relation)),
                reason,
            )
            return person.id

        return self._once(actor, ticket, do)

    def grant(self, actor: Actor, ticket: str, relation: int, granted: Granted) -> int:
        """Grant a right on a work relation; the id of the person."""

        def do(work: _Work) -> int:
            person, found = work.relation(relation)
            work.need(right_faults(work.people, found, granted))
            insert_right(work.connection, relation, granted)
            work.note("Gebruikersrecht toegekend", person.id, work.told(granted), granted.reason)
            return person.id

        return self._once(actor, ticket, do)

    def change(self, actor: Actor, ticket: str, granted: Granted) -> int:
        """Change dates and contexts of the right with this id; its reason is why. The id of the person."""

        def do(work: _Work) -> int:
            person, relation, old = work.right(granted.id)
            work.need(right_faults(work.people, relation, granted))
            work.run(
                "UPDATE user_right SET begin_on = ?, end_on = ?, reason = ? WHERE id = ?",
                iso(granted.begin), iso(granted.end), granted.reason, old.id,
            )  # fmt: skip
            work.run("DELETE FROM granted_context WHERE user_right = ?", old.id)
            insert_contexts(work.connection, old.id, granted)
            details = _difference(work.told(old), work.told(granted))
            work.note("Gebruikersrecht gewijzigd", person.id, details, granted.reason)
            return person.id

        return self._once(actor, ticket, do)

    def end(self, actor: Actor, ticket: str, right: int, day: date, reason: str) -> int:
        """Let a right hold until this day and no longer; the id of the person."""

        def do(work: _Work) -> int:
            person, _, old = work.right(right)
            work.need(end_faults(old, day, work.people.today) | reason_faults(reason))
            work.run("UPDATE user_right SET end_on = ? WHERE id = ?", iso(day), right)
            details = _difference(work.told(old), work.told(replace(old, end=day)))
            work.note("Gebruikersrecht beëindigd", person.id, details, reason)
            return person.id

        return self._once(actor, ticket, do)

    def revoke(self, actor: Actor, ticket: str, right: int, reason: str) -> int:
        """Take a right away from this moment on; the id of the person."""

        def do(work: _Work) -> int:
            person, _, old = work.right(right)
            work.need(reason_faults(reason))
            work.run("UPDATE user_right SET revoked = 1 WHERE id = ?", right)
            work.note("Gebruikersrecht ingetrokken", person.id, work.told(old), reason)
            return person.id

        return self._once(actor, ticket, do)

    def result_of(self, ticket: str) -> int | None:
        """What the change with this ticket gave; None where there was none."""
        with self._directory.reading() as connection:
            return _result(connection, ticket)

    def _once(self, actor: Actor, ticket: str, do: Callable[[_Work], int]) -> int:
        with self._directory.changing() as connection:
            done = _result(connection, ticket)
            if done is not None:
                return done
            people = people_in(connection, self._directory.today())
            work = _Work(connection, people, actor, self._directory.clock())
            work.need(actor_faults(people, actor))
            result = do(work)
            connection.execute("INSERT INTO submission VALUES (?, ?)", (ticket, result))
            return result


def _result(connection: sqlite3.Connection, ticket: str) -> int | None:
    row = connection.execute("SELECT result FROM submission WHERE ticket = ?", (ticket,)).fetchone()
    return int(row[0]) if row else None


class _Work:
    """One change under way, for one organisation."""

    def __init__(self, connection: sqlite3.Connection, people: People, actor: Actor, moment: float) -> None:
        self.connection = connection
        self.people = people
        self._actor = actor
        self._moment = moment

    def need(self, faults: dict[str, str]) -> None:
        if faults:
            raise Refused(faults)

    def run(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def note(self, action: str, person: int, details: str, reason: str) -> None:
        actor = self.people.people[self._actor.persona].name
        note(self.connection, self._moment, self._actor.organisation, actor, action, person, details, reason)

    def person(self, number: int) -> Person:
        return _there(self.people.person(self._actor.organisation, number))

    def relation(self, number: int) -> tuple[Person, WorkRelation]:
        return _there(self.people.relation(self._actor.organisation, number))

    def right(self, number: int) -> tuple[Person, WorkRelation, Granted]:
        return _there(self.people.right(self._actor.organisation, number))

    def told(self, granted: Granted) -> str:
        return told_right(self.people.rights[granted.code], granted)


def _there(found: Found | None) -> Found:
    if found is None:
        raise Refused({"": _GONE})
    return found


def actor_faults(people: People, actor: Actor) -> dict[str, str]:
    """Whoever changes something must be local administrator of the organisation."""
    person = people.people.get(actor.persona)
    if person is None or not people.administers(person, actor.organisation):
        return {"": "U bent geen lokale beheerder van deze organisatie."}
    return {}


def number_faults(directory: Directory, people: People, organisation: str, number: str) -> dict[str, str]:
    """Why somebody with this number cannot be added to an organisation."""
    fault = national_number_fault(number)
    if fault is not None:
        return {"number": fault}
    if directory.citizen(number) is None:
        return {"number": "Het (verzonnen) Rijksregister kent niemand met dit nummer."}
    known = people.by_number(number)
    if known is not None and organisation in known.admitted_by:
        return {
            "number": f"{known.name} is al toegevoegd aan uw organisatie: zoek deze persoon op bij 'Personen'."
        }
    return {}


def end_faults(granted: Granted, day: date, today: date) -> dict[str, str]:
    """A right ends today or later, in its own period; taking it away at once is called revoking."""
    if day < max(today, granted.begin):
        return {
            "end": "Kies vandaag of later, en niet voor de begindatum. Meteen laten ophouden kan met 'Trek in'."
        }
    if granted.end is not None and day > granted.end:
        return {"end": "Dit recht eindigt al vroeger. Verlengen kan met 'Wijzig'."}
    return {}


def told_relation(relation: WorkRelation) -> str:
    """A work relation in words."""
    return f"{relation.category}, {period(relation.begin, relation.end)}, {relation.email}, {relation.phone}"


def told_right(kind: RightKind, granted: Granted) -> str:
    """A right in words."""
    contexts = ", ".join(kind.contexts[each] for each in granted.contexts)
    return f"{kind.label} ({contexts}), {period(granted.begin, granted.end)}"


def _difference(old: str, new: str) -> str:
    return f"{old} → {new}"


def _own_organisation(actor: Actor, relation: WorkRelation) -> dict[str, str]:
    if relation.organisation.code != actor.organisation:
        return {"organisation": "Kies uw eigen organisatie."}
    return {}


def _new_person(work: _Work, number: str) -> int:
    given, family = work.connection.execute(
        "SELECT given_name, family_name FROM citizen WHERE number = ?", (number,)
    ).fetchone()
    (person,) = work.connection.execute(
        "INSERT INTO person (persona, about, number, sub, vo_id) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (
            _persona(f"{given} {family}", work.people),
            "Toegevoegd in Gebruikersbeheer",
            number,
            secrets.token_hex(20),
            str(uuid.uuid4()),
        ),
    ).fetchone()
    return int(person)


def _persona(name: str, people: People) -> str:
    """A short name in plain letters that nobody has: nora-janssens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")
    found, count = short, 1
    while found in people.people:
        count += 1
        found = f"{short}-{count}"
    return found
