"""Writes people, work relations and rights as rows; the whole seed where a directory is new."""

from __future__ import annotations

import sqlite3
from datetime import date

from simulator.data.people import Granted, WorkRelation
from simulator.data.seed import load_national_register, load_people


def fill(connection: sqlite3.Connection, environment: str, today: date) -> None:
    """The seed as rows. Ids follow the seed, so that a new simulation always looks the same."""
    people = load_people(today=today, environment=environment)
    connection.execute("INSERT INTO about VALUES (?, ?)", (environment, today.isoformat()))
    for organisation in people.organisations.values():
        connection.execute(
            "INSERT INTO organisation VALUES (?, ?, ?)",
            (organisation.code, organisation.name, organisation.doelgroep),
        )
    for kind in people.rights.values():
        connection.execute(
            "INSERT INTO right_kind VALUES (?, ?, ?, ?, ?)",
            (kind.code, kind.label, kind.scope, kind.claim, kind.max_days),
        )
        for code, label in kind.contexts.items():
            connection.execute("INSERT INTO context VALUES (?, ?, ?)", (kind.code, code, label))
    for each in load_national_register(people):
        connection.execute(
            "INSERT INTO citizen VALUES (?, ?, ?, ?, ?)",
            (each.number, each.family_name, each.given_name, iso(each.birth_date), each.sex),
        )
    for person in people.people.values():
        connection.execute(
            "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?)",
            (person.id, person.persona, person.about, person.number, person.sub, person.vo_id),
        )
        for code in person.admitted_by:
            connection.execute("INSERT INTO admission VALUES (?, ?)", (person.id, code))
        for code in person.administrator_of:
            connection.execute("INSERT INTO administrator VALUES (?, ?)", (person.id, code))
        for relation in person.works_for:
            number = insert_relation(connection, person.id, relation)
            for granted in relation.rights:
                insert_right(connection, number, granted)


def iso(day: date | None) -> str | None:
    """A day as it is stored."""
    return None if day is None else day.isoformat()


def insert_relation(connection: sqlite3.Connection, person: int, relation: WorkRelation) -> int:
    """A new work relation of a person, without its rights; its id."""
    values = (
        person, relation.organisation.code, relation.category, iso(relation.begin), iso(relation.end), relation.email,
        relation.phone,
    )  # fmt: skip
    (number,) = connection.execute(
        "INSERT INTO work_relation (person, organisation, category, begin_on, end_on, email, phone)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        values,
    ).fetchone()
    return int(number)


def insert_right(connection: sqlite3.Connection, relation: int, granted: Granted) -> int:
    """A new right on a work relation, with its contexts; its id."""
    (number,) = connection.execute(
        "INSERT INTO user_right (relation, kind, begin_on, end_on, reason) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (relation, granted.code, iso(granted.begin), iso(granted.end), granted.reason),
    ).fetchone()
    insert_contexts(connection, int(number), granted)
    return int(number)


def insert_contexts(connection: sqlite3.Connection, right: int, granted: Granted) -> None:
    """The contexts of a right."""
    for context in granted.contexts:
        connection.execute("INSERT INTO granted_context VALUES (?, ?, ?)", (right, granted.code, context))
