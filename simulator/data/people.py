"""People, the organisations they work for and the rights they hold there, and which rights are valid on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum


@dataclass(frozen=True, slots=True)
class Organisation:
    code: str
    name: str
    doelgroep: str


@dataclass(frozen=True, slots=True)
class RightKind:
    """A right that can be granted: its codes, its labels, and the claim that carries it."""

    code: str
    label: str
    scope: str
    claim: str
    max_days: int
    contexts: Mapping[str, str]


class Validity(Enum):
    """Where a period stands on a day. The values are what people read."""

    VALID = "geldig"
    FUTURE = "toekomstig"
    ENDED = "beëindigd"
    REVOKED = "ingetrokken"


@dataclass(frozen=True, slots=True)
class Granted:
    """A right as it was granted; `end` is the last day that it holds, a revoked one does not hold at all."""

    code: str
    contexts: tuple[str, ...]
    begin: date
    end: date | None
    id: int = 0
    reason: str = ""
    revoked: bool = False

    def validity(self, day: date) -> Validity:
        return Validity.REVOKED if self.revoked else _validity(self.begin, self.end, day)

    def valid_on(self, day: date) -> bool:
        return self.validity(day) is Validity.VALID


@dataclass(frozen=True, slots=True)
class WorkRelation:
    """Somebody works for an organisation; `end` is the last day."""

    organisation: Organisation
    category: str
    begin: date
    end: date | None
    email: str
    phone: str
    rights: tuple[Granted, ...]
    id: int = 0

    def validity(self, day: date) -> Validity:
        return _validity(self.begin, self.end, day)

    def valid_on(self, day: date) -> bool:
        return self.validity(day) is Validity.VALID

    def right_validity(self, granted: Granted, day: date) -> Validity:
        """Of a right within this relation: where the relation does not hold, neither does the right."""
        own = granted.validity(day)
        return self.validity(day) if own is Validity.VALID else own


def _validity(begin: date, end: date | None, day: date) -> Validity:
    if day < begin:
        return Validity.FUTURE
    return Validity.ENDED if end is not None and end < day else Validity.VALID


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. `admitted_by` are the organisations whose administrators added them, `administrator_of` those that
    they administer themselves."""

    persona: str
    about: str
    number: str
    given_name: str
    family_name: str
    sub: str
    vo_id: str
    works_for: tuple[WorkRelation, ...]
    administrator_of: tuple[str, ...]
    admitted_by: tuple[str, ...] = ()
    birth_date: date | None = None
    sex: str | None = None
    id: int = 0

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def relations_with(self, organisation: str) -> tuple[WorkRelation, ...]:
        """All relations with an organisation, the ended and the future ones too."""
        return tuple(each for each in self.works_for if each.organisation.code == organisation)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, as of one day."""

    today: date
    organisations: Mapping[str, Organisation]
    rights: Mapping[str, RightKind]
    people: Mapping[str, Person]

    def relations(self, persona: str) -> tuple[WorkRelation, ...]:
        """The work relations that hold today."""
        return tuple(each for each in self.people[persona].works_for if each.valid_on(self.today))

    def role_claims(self, persona: str, organisation: str, scopes: frozenset[str]) -> dict[str, list[str]]:
        """The 3D role claims by name: rights within right, work relation and context, for this organisation."""
        found: dict[str, list[str]] = {}
        for relation in self.relations(persona):
            if relation.organisation.code != organisation:
                continue
            for granted in relation.rights:
                kind = self.rights[granted.code]
                if kind.scope in scopes and granted.valid_on(self.today):
                    elements = [f"{kind.code}-{context}:{organisation}" for context in granted.contexts]
                    found.setdefault(kind.claim, []).extend(elements)
        return found

    def administers(self, person: Person, organisation: str) -> bool:
        """Whether somebody is local administrator of an organisation, and works there today."""
        works_there = any(each.valid_on(self.today) for each in person.relations_with(organisation))
        return works_there and organisation in person.administrator_of

    def administrators(self, organisation: str) -> tuple[Person, ...]:
        """The local administrators of an organisation."""
        return tuple(each for each in self.people.values() if self.administers(each, organisation))

    def person(self, organisation: str, number: int) -> Person | None:
        """The person with this id, among those whom an organisation added."""
        for person in self.people.values():
            if person.id == number and organisation in person.admitted_by:
                return person
        return None

    def relation(self, organisation: str, number: int) -> tuple[Person, WorkRelation] | None:
        """The work relation with this id, among those with an organisation, and whose it is."""
        for person in self.people.values():
            for relation in person.relations_with(organisation):
                if relation.id == number:
                    return person, relation
        return None

    def right(self, organisation: str, number: int) -> tuple[Person, WorkRelation, Granted] | None:
        """The right with this id, among those for an organisation that were not revoked, and whose it is."""
        for person in self.people.values():
            for relation in person.relations_with(organisation):
                for granted in relation.rights:
                    if granted.id == number and not granted.revoked:
                        return person, relation, granted
        return None

    def by_sub(self, sub: str) -> Person | None:
        return next((each for each in self.people.values() if each.sub == sub), None)

    def by_number(self, number: str) -> Person | None:
        return next((each for each in self.people.values() if each.number == number), None)
