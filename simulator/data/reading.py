"""Turns the rows of a directory into `People`."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from simulator.data.people import Granted, Organisation, People, Person, RightKind, WorkRelation


def day(text: str | None) -> date | None:
    """A day as it was stored."""
    return None if text is None else date.fromisoformat(text)


def people_in(connection: sqlite3.Connection, today: date) -> People:
    """Everybody in this file, as of a day."""
    organisations = {
        row[0]: Organisation(*row)
        for row in connection.execute("SELECT code, name, doelgroep FROM organisation")
    }
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for kind, code, label in connection.execute("SELECT kind, code, label FROM context ORDER BY rowid"):
        labels[kind][code] = label
    kinds = {
        row[0]: RightKind(row[0], row[1], row[2], row[3], row[4], labels[row[0]])
        for row in connection.execute(
            "SELECT code, label, scope, claim, max_days FROM right_kind ORDER BY rowid"
        )
    }
    relations = _relations(connection, organisations)
    admitted = _pairs(connection.execute("SELECT person, organisation FROM admission ORDER BY rowid"))
    administers = _pairs(connection.execute("SELECT person, organisation FROM administrator ORDER BY rowid"))
    people = {
        row[1]: Person(
            id=row[0],
            persona=row[1],
            about=row[2],
            number=row[3],
            sub=row[4],
            vo_id=row[5],
            given_name=row[6],
            family_name=row[7],
            birth_date=day(row[8]),
            sex=row[9],
            works_for=tuple(relations[row[0]]),
            admitted_by=tuple(admitted[row[0]]),
            administrator_of=tuple(administers[row[0]]),
        )
        for row in connection.execute(
            "SELECT id, persona, about, number, sub, vo_id, given_name, family_name, birth_date, sex"
            " FROM person JOIN citizen USING (number) ORDER BY id"
        )
    }
    return People(today, organisations, kinds, people)


def _pairs(rows: Iterable[tuple[int, str]]) -> defaultdict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for person, organisation in rows:
        found[person].append(organisation)
    return found


def _relations(
    connection: sqlite3.Connection, organisations: dict[str, Organisation]
) -> defaultdict[int, list[WorkRelation]]:
    contexts: defaultdict[int, list[str]] = defaultdict(list)
    for right, context in connection.execute(
        "SELECT user_right, context FROM granted_context ORDER BY user_right, rowid"
    ):
        contexts[right].append(context)
    rights: defaultdict[int, list[Granted]] = defaultdict(list)
    for number, relation, kind, begin, end, reason, revoked in connection.execute(
        "SELECT id, relation, kind, begin_on, end_on, reason, revoked FROM user_right ORDER BY id"
    ):
        rights[relation].append(
            Granted(
                kind,
                tuple(contexts[number]),
                date.fromisoformat(begin),
                day(end),
                number,
                reason,
                bool(revoked),
            )
        )
    relations: defaultdict[int, list[WorkRelation]] = defaultdict(list)
    for number, person, organisation, category, begin, end, email, phone in connection.execute(
        "SELECT id, person, organisation, category, begin_on, end_on, email, phone FROM work_relation ORDER BY id"
    ):
        relations[person].append(
            WorkRelation(
                organisations[organisation],
                category,
                date.fromisoformat(begin),
                day(end),
                email,
                phone,
                tuple(rights[number]),
                number,
            )
        )
    return relations
