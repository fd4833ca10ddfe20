"""Reads what a new simulation begins with: people, organisations, rights and a national register. Faults stop the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from simulator.data.people import Granted, Organisation, People, Person, RightKind, WorkRelation
from simulator.dates import PLACE
from simulator.numbers import birth_date, national_number_fault, organisation_is_valid, sex

SEED = Path(__file__).parent.parent / "seed"
_RELATIVE = re.compile(r"([+-]\d+)d")


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody in the fictional national register. `sex` is M or V; for some BIS numbers it is unknown."""

    number: str
    family_name: str
    given_name: str
    birth_date: date | None
    sex: str | None


def load_people(
    path: Path = SEED / "people.yaml", *, today: date | None = None, environment: str = "ti"
) -> People:
    """Read the people of one environment. Raises ValueError for wrong check digits or a name that does not exist."""
    today = today or datetime.now(PLACE).date()
    content: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    organisations = {each["code"]: Organisation(**each) for each in content["organisations"]}
    for code in organisations:
        if not organisation_is_valid(code):
            raise ValueError(f"{path}: organisation {code} has wrong check digits")
    rights = {
        each["code"]: RightKind(**{**each, "contexts": {c["code"]: c["label"] for c in each["contexts"]}})
        for each in content["rights"]
    }
    people = {}
    for number, each in enumerate(content["people"], 1):
        _check_number(path, each["number"])
        relations = tuple(_relation(work, organisations, rights, today) for work in each.pop("works_for"))
        administers = tuple(each.pop("administrator_of", {}).get(environment, ()))
        for code in administers:
            if code not in organisations:
                raise ValueError(f"{path}: {each['persona']}: unknown organisation {code}")
        people[each["persona"]] = Person(
            works_for=relations,
            administrator_of=administers,
            admitted_by=tuple(dict.fromkeys(work.organisation.code for work in relations)),
            birth_date=birth_date(each["number"]),
            sex=sex(each["number"]),
            id=number,
            **each,
        )
    return People(today, organisations, rights, people)


def load_national_register(
    people: People, path: Path = SEED / "national_register.yaml"
) -> tuple[Citizen, ...]:
    """Everybody in the national register: `people`, and those who are only there. Raises ValueError."""
    known = [
        Citizen(each.number, each.family_name, each.given_name, each.birth_date, each.sex)
        for each in people.people.values()
    ]
    for each in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["citizens"]:
        number = each["number"]
        _check_number(path, number)
        born = each.get("birth_date") or birth_date(number)
        known.append(
            Citizen(number, each["family_name"], each["given_name"], born, each.get("sex") or sex(number))
        )
    if len({each.number for each in known}) < len(known):
        raise ValueError(f"{path}: a number stands there twice")
    return tuple(known)


def _check_number(path: Path, number: str) -> None:
    fault = national_number_fault(number)
    if fault is not None:
        raise ValueError(f"{path}: {number}: {fault}")


def _relation(
    work: Mapping[str, Any],
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
        granted.append(
            Granted(
                right["code"], tuple(right["contexts"]), begin or today, end, reason=right.get("reason", "")
            )
        )
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
