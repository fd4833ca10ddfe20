"""Adding a person by number, as the manual says it, and everything that is refused on the way."""

from __future__ import annotations

import pytest

from tests.simulator.gebruikersbeheer.walks import (
    BACK,
    CONFIRM,
    HOME,
    NEXT,
    NORA,
    SEARCH,
    add_person,
    link,
    relation_of,
    roles,
)  # fmt: skip
from tests.simulator.visitors import Portal, Visitor, values


def test_a_person_is_added_by_number(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.open(f"{HOME}/personen/nieuw")
    page = beheerder.send(page, SEARCH, number="94.05.17-046.95")
    for words in ("Janssens", "Nora", "17/05/1994", "Vrouw", "94.05.17-046.95"):
        assert words in page.text
    page = beheerder.send(page, NEXT, reason="Nieuwe medewerker op de dienst milieu")
    assert "klopt dit?" in page.text
    assert "Nieuwe medewerker op de dienst milieu" in page.text
    assert office.directory.people().by_number(NORA) is None
    page = beheerder.send(page, CONFIRM)
    assert "De persoon is toegevoegd" in page.text
    nora = office.directory.people().by_number(NORA)
    assert nora is not None
    assert nora.persona == "nora-janssens"
    assert nora.admitted_by == ("0456789034",)
    assert "Persoon toegevoegd" in page.text
    assert "Reden: Nieuwe medewerker op de dienst milieu" in page.text
    assert NORA not in str(page.url)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "telt 11 cijfers"),
        ("9405170469", "telt 11 cijfers"),
        ("94051704696", "controlecijfers"),
        ("94153704695", "bestaat niet"),
        ("85031512468", "al toegevoegd"),
        ("00000000097", "kent niemand"),
        ("940517046ab", "telt 11 cijfers"),
    ],
)
def test_a_wrong_number_is_refused_and_stays(beheerder: Visitor, number: str, words: str) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=number)
    assert page.status_code == 422
    assert words in page.text
    assert f'value="{number}"' in page.text
    assert '<a href="#number">' in page.text


@pytest.mark.parametrize(
    ("number", "name", "sex"),
    [
        ("88.49.15-209.77", "Kowalczyk", "Man"),
        ("93260406411", "Petrova", "Niet bekend"),
        ("71000013201", "Ndiaye", "Vrouw"),
    ],
)
def test_bis_numbers_and_numbers_without_a_birth_date(
    beheerder: Visitor, number: str, name: str, sex: str
) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=number)
    assert page.status_code == 200
    assert name in page.text
    assert f"<dd>{sex}</dd>" in page.text


def test_a_reason_is_needed(beheerder: Visitor) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=NORA)
    page = beheerder.send(page, NEXT, reason="   ")
    assert page.status_code == 422
    assert "Vul de reden in" in page.text
    page = beheerder.send(page, NEXT, reason="x" * 501)
    assert "hoogstens 500 tekens" in page.text


def test_what_was_typed_stays_when_one_goes_back(beheerder: Visitor) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=NORA)
    page = beheerder.send(page, NEXT, reason="Vakantiewerk <b>& meer</b>")
    assert "<b>" not in page.text
    page = beheerder.send(page, BACK)
    assert values(page, NEXT)["reason"] == "Vakantiewerk <b>& meer</b>"
    page = beheerder.send(page, ("step", "again"))
    assert values(page, SEARCH)["number"] == NORA


def test_a_confirmation_that_is_sent_twice_is_done_once(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=NORA)
    confirmation = beheerder.send(page, NEXT, reason="Nieuw")
    first, second = beheerder.send(confirmation, CONFIRM), beheerder.send(confirmation, CONFIRM)
    assert first.url.path == second.url.path
    assert "maar één keer uitgevoerd" in second.text
    assert len([each for each in office.directory.people().people.values() if each.number == NORA]) == 1
    assert second.text.count("Persoon toegevoegd") == 1


def test_a_form_that_is_not_ours_changes_nothing_and_keeps_what_was_typed(
    beheerder: Visitor, office: Portal
) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=NORA)
    confirmation = beheerder.send(page, NEXT, reason="Nieuw")
    for token in ("", "1.abc", values(confirmation, CONFIRM)["csrf"][:-1] + "x"):
        refused = beheerder.send(confirmation, CONFIRM, csrf=token)
        assert refused.status_code == 422
        assert "verlopen" in refused.text
        assert values(refused, NEXT)["reason"] == "Nieuw"
    office.clock.now += 4 * 3600 + 1
    assert office.directory.people().by_number(NORA) is None


def test_a_form_after_the_session_ended_changes_nothing(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.send(beheerder.open(f"{HOME}/personen/nieuw"), SEARCH, number=NORA)
    confirmation = beheerder.send(page, NEXT, reason="Nieuw")
    office.clock.now += 7201
    refused = beheerder.send(confirmation, CONFIRM)
    assert refused.status_code == 403
    assert "niet meer aangemeld" in refused.text
    assert office.directory.people().by_number(NORA) is None


def test_somebody_who_works_elsewhere_is_added_and_shown_without_that(
    beheerder: Visitor, office: Portal
) -> None:
    page = add_person(beheerder, "83091737845")
    assert "Olivia Vandamme" in page.text
    assert "olivia.vandamme@ovam.example" not in page.text
    assert "nog niet gekoppeld" in page.text
    assert office.directory.people().people["ovam"].admitted_by == ("OVO999001", "0456789034")
    assert roles(office, "ovam", "OVO999001")


def test_a_new_person_can_log_in_at_acm(beheerder: Visitor, office: Portal) -> None:
    link_page = link(beheerder, office, add_person(beheerder))
    beheerder.send(link_page, CONFIRM)
    nora = Visitor(office.url)
    page = nora.send(nora.open("/mijnprofiel/start"), ("means", "itsme"))
    assert "Nora Janssens (nora-janssens)" in page.text
    nora.close()


def test_the_list_is_found_by_name(beheerder: Visitor) -> None:
    everybody = beheerder.open(f"{HOME}/personen").text
    assert "Dewaele, Inge" in everybody
    assert "Vandamme" not in everybody
    found = beheerder.open(f"{HOME}/personen?zoek=ångström").text
    assert "Ångström-Maes, Zoë" in found
    assert "Dewaele" not in found
    assert "Niemand gevonden" in beheerder.open(f"{HOME}/personen?zoek=<b>").text


@pytest.mark.parametrize(
    "path",
    [
        "/personen/{person}", "/personen/{person}/werkrelatie", "/werkrelaties/{relation}/wijzig",
        "/werkrelaties/{relation}/recht", "/werkrelaties/{relation}/recht/OVAMGebruiker", "/rechten/{right}/wijzig",
        "/rechten/{right}/beeindig", "/rechten/{right}/trek-in",
    ],
)  # fmt: skip
def test_other_organisations_are_out_of_reach(beheerder: Visitor, office: Portal, path: str) -> None:
    ovam = office.directory.people().people["ovam"]
    relation = relation_of(office, "ovam")
    there = path.format(person=ovam.id, relation=relation, right=ovam.works_for[0].rights[0].id)
    page = beheerder.open(f"{HOME}{there}")
    assert page.status_code == 404
    assert "Olivia" not in page.text
    ours = beheerder.open(f"{HOME}/personen/nieuw")
    form = [("csrf", values(ours, SEARCH)["csrf"]), ("ticket", "t"), CONFIRM, ("reason", "x")]
    assert beheerder.request(f"{office.url}{HOME}{there}", "post", form).status_code in (404, 405)
    assert roles(office, "ovam", "OVO999001")
    assert beheerder.open(f"{HOME}{path.format(person=999, relation=999, right=999)}").status_code == 404
