"""The tables of Gebruikersbeheer. One file holds one environment; days are ISO texts, moments ISO texts in UTC."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Goes up with every change of the tables."""

SCHEMA: Final = """
CREATE TABLE about (environment TEXT NOT NULL, seeded_on TEXT NOT NULL);
CREATE TABLE organisation (code TEXT PRIMARY KEY, name TEXT NOT NULL, doelgroep TEXT NOT NULL);
CREATE TABLE right_kind (
    code TEXT PRIMARY KEY, label TEXT NOT NULL, scope TEXT NOT NULL, claim TEXT NOT NULL, max_days INTEGER NOT NULL
);
CREATE TABLE context (
    kind TEXT NOT NULL REFERENCES right_kind, code TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (kind, code)
);
CREATE TABLE citizen (
    number TEXT PRIMARY KEY, family_name TEXT NOT NULL, given_name TEXT NOT NULL, birth_date TEXT, sex TEXT
);
CREATE TABLE person (
    id INTEGER PRIMARY KEY, persona TEXT NOT NULL UNIQUE, about TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE REFERENCES citizen, sub TEXT NOT NULL UNIQUE, vo_id TEXT NOT NULL UNIQUE
);
CREATE TABLE admission (
    person INTEGER NOT NULL REFERENCES person, organisation TEXT NOT NULL REFERENCES organisation,
    PRIMARY KEY (person, organisation)
);
CREATE TABLE administrator (
    person INTEGER NOT NULL REFERENCES person, organisation TEXT NOT NULL REFERENCES organisation,
    PRIMARY KEY (person, organisation)
);
CREATE TABLE work_relation (
    id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person,
    organisation TEXT NOT NULL REFERENCES organisation, category TEXT NOT NULL,
    begin_on TEXT NOT NULL, end_on TEXT, email TEXT NOT NULL, phone TEXT NOT NULL
);
CREATE TABLE user_right (
    id INTEGER PRIMARY KEY, relation INTEGER NOT NULL REFERENCES work_relation, kind TEXT NOT NULL REFERENCES right_kind,
    begin_on TEXT NOT NULL, end_on TEXT, reason TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE granted_context (
    user_right INTEGER NOT NULL REFERENCES user_right, kind TEXT NOT NULL, context TEXT NOT NULL,
    PRIMARY KEY (user_right, context), FOREIGN KEY (kind, context) REFERENCES context
);
CREATE TABLE history (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, organisation TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES person, details TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX history_of_organisation ON history (organisation, id);
CREATE TABLE submission (ticket TEXT PRIMARY KEY, result INTEGER NOT NULL);
"""
