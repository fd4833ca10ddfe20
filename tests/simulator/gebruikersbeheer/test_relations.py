"""Linking a person to the organisation, and changing that."""

from __future__ import annotations

import pytest

from tests.simulator.gebruikersbeheer.walks import (
    BACK,
    CONFIRM,
    HOME,
    NEXT,
    add_person,
    day,
    link,
    relation_of,
    roles,
)  # fmt: skip
from tests.simulator.visitors import Portal, Visitor, values


def test_a_person_is_linked(beheerder: Visitor, office: Portal) -> None:
    page = link(beheerder, office, add_person(beheerder))
    for words in ("klopt dit?", "Vaste medewerker", day(office), day(office, 400), "+32 3 000 00 11"):
        assert words in page.text
    page = beheerder.send(page, CONFIRM)
    assert "De werkrelatie is aangemaakt" in page.text
    assert "Ken gebruikersrecht toe" in page.text
    relation = office.directory.people().people["nora-janssens"].works_for[0]
    assert (relation.category, relation.email) == ("Vaste medewerker", "nora.janssens@peeters.example")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("organisation", "", "Kies uw organisatie"),
        ("organisation", "OVO999001", "Kies uw organisatie"),
        ("category", "", "Kies een categorie"),
        ("category", "Ambtenaar", "Kies een categorie"),
        ("begin", "", "dd/mm/jjjj"),
        ("begin", "31/02/2026", "bestaande datum"),
        ("begin", "morgen", "bestaande datum"),
        ("end", "1 mei", "bestaande datum"),
        ("end", "01/01/2001", "ligt voor de begindatum"),
        ("email", "", "e-mailadres"),
        ("email", "nora", "e-mailadres"),
        ("email", "nora@peeters.example:0456789034", "e-mailadres"),
        ("phone", "", "telefoonnummer"),
        ("phone", "nul", "telefoonnummer"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_everything_stays(
    beheerder: Visitor, office: Portal, field: str, value: str, words: str
) -> None:
    page = link(beheerder, office, add_person(beheerder), **{field: value})
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert words in page.text
    kept = values(page, NEXT)
    if field not in ("organisation", "category"):
        assert kept[field] == value
    assert kept["email"] == (value if field == "email" else "nora.janssens@peeters.example")
    assert office.directory.people().people["nora-janssens"].works_for == ()


@pytest.mark.parametrize("written", ["1/3/2026", "01-03-2026", "01.03.2026", "2026-03-01"])
def test_dates_may_be_written_in_more_ways(beheerder: Visitor, office: Portal, written: str) -> None:
    beheerder.send(link(beheerder, office, add_person(beheerder), begin=written), CONFIRM)
    assert str(office.directory.people().people["nora-janssens"].works_for[0].begin) == "2026-03-01"


def test_the_end_may_stay_open(beheerder: Visitor, office: Portal) -> None:
    page = link(beheerder, office, add_person(beheerder), end="")
    assert "<dd>geen</dd>" in page.text
    beheerder.send(page, CONFIRM)
    assert office.directory.people().people["nora-janssens"].works_for[0].end is None


def test_two_relations_at_once_are_refused(beheerder: Visitor, office: Portal) -> None:
    person = beheerder.send(link(beheerder, office, add_person(beheerder)), CONFIRM)
    assert "Er is al een werkrelatie" in link(beheerder, office, person).text
    later = link(beheerder, office, person, begin=day(office, 401), end="")
    assert "klopt dit?" in later.text


def test_a_relation_is_changed_with_a_reason(beheerder: Visitor, office: Portal) -> None:
    path = f"{HOME}/werkrelaties/{relation_of(office, 'indiener')}/wijzig"
    page = beheerder.open(path)
    assert values(page, NEXT)["email"] == "inge.dewaele@peeters.example"
    refused = beheerder.send(page, NEXT, phone="+32 3 000 00 99")
    assert "Vul de reden in" in refused.text
    assert values(refused, NEXT)["phone"] == "+32 3 000 00 99"
    confirmation = beheerder.send(refused, NEXT, reason="Nieuw nummer")
    assert values(beheerder.send(confirmation, BACK), NEXT)["reason"] == "Nieuw nummer"
    page = beheerder.send(confirmation, CONFIRM)
    assert "De werkrelatie is gewijzigd" in page.text
    assert "+32 3 000 00 01 → " in page.text
    relation = office.directory.people().people["indiener"].works_for[0]
    assert relation.phone == "+32 3 000 00 99"
    assert relation.rights


def test_rights_hold_no_longer_than_the_relation(beheerder: Visitor, office: Portal) -> None:
    assert roles(office, "indiener")
    page = beheerder.open(f"{HOME}/werkrelaties/{relation_of(office, 'indiener')}/wijzig")
    page = beheerder.send(page, NEXT, end=day(office, -1), reason="Uit dienst")
    page = beheerder.send(page, CONFIRM)
    assert roles(office, "indiener") == []
    assert "geldig</span>" not in page.text
