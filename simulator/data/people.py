"""Reads the people of the simulation and says which rights are valid on a day. Faults in the seed stop the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from simulator.numbers import national_number_fault, organisation_is_valid

SEED = Path(__file__).parent.parent / "seed"
_RELATIVE = re.compile(r"([+-]\d+)d")


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


@dataclass(frozen=True, slots=True)
class Granted:
    """A right as it was granted; `end` is the last day that it holds."""

    code: str
    contexts: tuple[str, ...]
    begin: date
    end: date | None

    def valid_on(self, day: date) -> bool:
        return self.begin <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class WorkRelation:
    organisation: Organisation
    category: str
    begin: date
    end: date | None
    email: str
    phone: str
    rights: tuple[Granted, ...]

    def valid_on(self, day: date) -> bool:
        return self.begin <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Person:
    persona: str
    about: str
    number: str
    given_name: str
    family_name: str
    sub: str
    vo_id: str
    works_for: tuple[WorkRelation, ...]
    administrator_of: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


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


def load_people(path: Path = SEED / "people.yaml", *, today: date | None = None) -> People:
    """Read the seed. Raises ValueError for a number with wrong check digits or a name that does not exist."""
    today = today or date.today()
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    organisations = {each["code"]: Organisation(**each) for each in content["organisations"]}
    for code in organisations:
        if not organisation_is_valid(code):
            raise ValueError(f"{path}: organisation {code} has wrong check digits")
    rights = {
        each["code"]: RightKind(**{**each, "contexts": {c["code"]: c["label"] for c in each["contexts"]}})
        for each in content["rights"]
    }
    people = {}
    for each in content["people"]:
        fault = national_number_fault(each["number"])
        if fault is not None:
            raise ValueError(f"{path}: {each['persona']}: {fault}")
        relations = tuple(_relation(work, organisations, rights, today) for work in each.pop("works_for"))
        administrator = tuple(each.pop("administrator_of", ()))
        people[each["persona"]] = Person(works_for=relations, administrator_of=administrator, **each)
    return People(today, organisations, rights, people)


def _relation(
    work: dict[str, Any],
    organisations: Mapping[str, Organisation],
    rights: Mapping[str, RightKind],
    today: date,
) -> WorkRelation:
    granted = []
    for right in work["rights"]:
        unknown = set(right["contexts"]) - set(rights[right["code"]].contexts)
        if unknown:
            raise ValueError(f"unknown contexts {unknown}")
        begin, end = _day(right["begin"], today), _day(right["end"], today)
        granted.append(Granted(right["code"], tuple(right["contexts"]), begin or today, end))
    return WorkRelation(
        organisation=organisations[work["organisation"]],
        category=work["category"],
        begin=_day(work["begin"], today) or today,
        end=_day(work["end"], today),
        email=work["email"],
        phone=work["phone"],
        rights=tuple(granted),
    )


def _day(value: Any, today: date) -> date | None:
    if value is None or isinstance(value, date):
        return value
    match = _RELATIVE.fullmatch(str(value))
    return today + timedelta(days=int(match[1])) if match else date.fromisoformat(str(value))
