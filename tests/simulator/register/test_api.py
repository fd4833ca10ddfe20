"""The interface for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.register.conftest import INGE, MACHINE, MIA, NOBODY, OLIVIA, Office, report

REPORTS = "/api/v1/meldingen"


def test_a_program_reports_and_reads_what_it_reported(office: Office) -> None:
    made = office.call("POST", REPORTS, MACHINE, json=report(eigen_referentie="weegbrug-1"))
    assert made.status_code == 201
    assert made.json() | {"ingediend_op": ""} == {
        "id": 1,
        "registratienummer": "NC-2026-000001",
        "kanaal": "api",
        "indiener": {"organisatie": "0456789034", "naam": "Containerdienst Peeters nv"},
        "datum_vaststelling": "2026-11-20",
        "producent": {"naam": "Bakkerij De Korenaar", "ondernemingsnummer": "0400000185", "adres": "Kerkstraat 1, 2000 Antwerpen"},
        "afvalstromen": ["papier-karton"],
        "omschrijving": "Karton tussen het restafval",
        "geweigerd": False,
        "eigen_referentie": "weegbrug-1",
        "ingediend_op": "",
    }  # fmt: skip
    assert made.headers["location"] == f"{REPORTS}/1"
    assert office.call("GET", f"{REPORTS}/1", MACHINE).json() == made.json()
    again = office.call("POST", REPORTS, MACHINE, json=report(eigen_referentie="weegbrug-1"))
    assert (again.status_code, again.json()) == (200, made.json())
    other = report(eigen_referentie="weegbrug-1", afvalstromen=["glas"])
    taken = office.call("POST", REPORTS, MACHINE, json=other)
    assert (taken.status_code, taken.json()["bestaande_melding"]) == (409, 1)


def test_everybody_sees_their_own_and_readers_see_all(office: Office) -> None:
    for who in (INGE, MIA, INGE):
        office.call("POST", REPORTS, who, json=report())
    for who, numbers in ((INGE, [3, 1]), (MACHINE, [3, 1]), (MIA, [2]), (OLIVIA, [3, 2, 1])):
        found = office.call("GET", REPORTS, who).json()
        assert ([each["id"] for each in found["meldingen"]], found["totaal"]) == (numbers, len(numbers))
    assert office.call("GET", f"{REPORTS}/2", INGE).status_code == 404
    assert office.call("GET", f"{REPORTS}?afvalstroom=glas", OLIVIA).json()["totaal"] == 0
    assert office.call("GET", f"{REPORTS}?producent=0400000185", OLIVIA).json()["totaal"] == 3
    assert len(office.call("GET", "/api/v1/afvalstromen", OLIVIA).json()["afvalstromen"]) == 23


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"datum_vaststelling": "2026-11-25"}, "datum_vaststelling"),
        ({"datum_vaststelling": 7}, "datum_vaststelling"),
        ({"producent": "Bakkerij"}, "producent.naam"),
        ({"producent": report()["producent"] | {"ondernemingsnummer": "0400000186"}}, "producent.ondernemingsnummer"),
        ({"afvalstromen": ["goud"]}, "afvalstromen"),
        ({"afvalstromen": [7]}, "afvalstromen"),
        ({"geweigerd": "ja"}, "geweigerd"),
        ({"omschrijving": "x" * 4_001}, "omschrijving"),
        ({"omschrijving": "\x00"}, "omschrijving"),
        ({"omschrijving": "\ud800"}, "omschrijving"),
        ({"kleur": "rood"}, "kleur"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field(office: Office, changes: dict[str, Any], field: str) -> None:
    headers = MACHINE | {"content-type": "application/json"}
    answer = office.call("POST", REPORTS, headers, content=json.dumps(report(**changes)))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [each["veld"] for each in answer.json()["fouten"]]


def test_other_requests_are_problems(office: Office) -> None:
    for who in ({}, NOBODY):
        assert office.call("GET", REPORTS, who).status_code == 403
    assert office.call("POST", REPORTS, OLIVIA, json=report()).status_code == 403
    assert office.call("POST", REPORTS, MACHINE, content="{}").status_code == 415
    for content, status in (("{", 400), ("[" * 100_000, 400), ("[]", 422), (b"\xff", 400)):
        answer = office.call("POST", REPORTS, MACHINE | {"content-type": "application/json"}, content=content)
        assert answer.status_code == status
    missing = office.call("GET", "/api/v1/weg", MACHINE)
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert office.call("DELETE", REPORTS, MACHINE).json()["status"] == 405
