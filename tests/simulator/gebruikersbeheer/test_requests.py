"""A request for a right, from the link in a message to the right itself."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.simulator.gebruikersbeheer.walks import (
    CONFIRM,
    HOME,
    NEXT,
    add_person,
    day,
    fill_right,
    link,
    relation_of,
    right_of,
    roles,
)
from tests.simulator.visitors import Portal, Visitor, values

PEETERS, CONTEXT = "0456789034", "NonConformiteitenIndiener"


def asked(office: Portal, persona: str, **changes: str) -> str:
    """The address in the message of this person."""
    person = office.directory.people().people[persona]
    given = {"persoon": person.sub, "organisatie": PEETERS, "recht": "OVAMGebruiker", "context": CONTEXT}
    return f"{HOME}/aanvraag?{urlencode({**given, **changes})}"


@pytest.fixture
def nora(beheerder: Visitor, office: Portal) -> str:
    """Somebody who works for the organisation and has no right yet."""
    page = beheerder.send(link(beheerder, office, add_person(beheerder)), CONFIRM)
    assert page.status_code == 200
    return "nora-janssens"


def test_from_the_message_to_the_right_in_five_presses(
    office: Portal, somebody: Callable[[], Visitor], nora: str
) -> None:
    bea = somebody()
    page = bea.log_in(asked(office, nora), "beheerder")  # the link, the means, the person
    first = values(page, NEXT)
    assert (first["begin"], first["contexts"], first["reason"]) == (
        day(office),
        CONTEXT,
        "Op vraag van Nora Janssens",
    )
    page = bea.send(page, NEXT)
    assert "klopt dit?" in page.text
    page = bea.send(page, CONFIRM)
    assert "Het gebruikersrecht is toegekend" in page.text
    assert roles(office, nora) == [f"OVAMGebruiker-{CONTEXT}:{PEETERS}"]


def test_the_last_day_is_that_of_the_work_relation_or_of_the_right(
    beheerder: Visitor, office: Portal, nora: str
) -> None:
    assert values(beheerder.open(asked(office, nora)), NEXT)["end"] == day(office, 400)


def test_a_name_will_do_and_a_reason_is_taken_over(beheerder: Visitor, office: Portal, nora: str) -> None:
    page = beheerder.open(asked(office, nora, persoon="nora janssens", reden="Nieuwe dienst <b>"))
    assert values(page, NEXT)["reason"] == "Nieuwe dienst <b>"
    assert "Nieuwe dienst &lt;b&gt;" in page.text


def test_a_right_that_holds_gets_the_context_too(beheerder: Visitor, office: Portal, nora: str) -> None:
    beheerder.send(fill_right(beheerder, office, relation_of(office, nora)), CONFIRM)
    page = beheerder.open(asked(office, nora))
    assert "heeft dit gebruikersrecht al" in page.text
    page = beheerder.open(asked(office, nora, context="NonConformiteitenLezer"))
    assert page.url.path == f"{HOME}/rechten/{right_of(office, nora)}/wijzig"
    page = beheerder.send(page, NEXT)
    assert "Non-conformiteiten indiener, Non-conformiteiten lezer" in page.text
    beheerder.send(page, CONFIRM)
    assert len(roles(office, nora)) == 2


def test_what_comes_first(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.open(asked(office, "indiener", persoon="Nora Janssens"))
    assert page.status_code == 404
    assert "Nora Janssens staat niet bij de personen" in page.text
    added = add_person(beheerder)
    assert beheerder.open(asked(office, "nora-janssens")).url.path == added.url.path
    page = beheerder.open(asked(office, "nora-janssens", organisatie="0777000187"))
    assert "Recuperatie Maasland bv (0777.000.187)" in page.text


@pytest.mark.parametrize("changes", [{"recht": "Onbekend"}, {"context": "Onbekend"}])
def test_what_does_not_exist_leads_to_the_person(
    beheerder: Visitor, office: Portal, nora: str, changes: dict[str, str]
) -> None:
    person = office.directory.people().people[nora]
    assert beheerder.open(asked(office, nora, **changes)).url.path == f"{HOME}/personen/{person.id}"


def test_people_of_other_organisations_stay_unknown(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.open(asked(office, "ovam"))
    assert page.status_code == 404
    assert office.directory.people().people["ovam"].name not in page.text
