"""All rights of the organisation, as a page and as a file, and the history."""

from __future__ import annotations

import csv
import io

from tests.simulator.gebruikersbeheer.walks import CONFIRM, HOME, NEXT, fill_right, relation_of, right_of
from tests.simulator.visitors import Portal, Visitor


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_rights_are_shown_by_state(beheerder: Visitor) -> None:
    page = beheerder.open(f"{HOME}/rechten").text
    assert "Dewaele, Inge" in page
    assert "Vandamme" not in page
    ended = beheerder.open(f"{HOME}/rechten?toestand=beëindigd").text
    assert "Lemmens, Vera" in ended
    assert "Dewaele" not in ended
    assert "Er zijn geen gebruikersrechten" in beheerder.open(f"{HOME}/rechten?toestand=ingetrokken").text


def test_rights_as_a_file(beheerder: Visitor, office: Portal) -> None:
    page = fill_right(
        beheerder, office, relation_of(office, "zonder-recht"), reason='=1+1; met "quotes"\nen meer'
    )
    beheerder.send(page, CONFIRM)
    answer = beheerder.open(f"{HOME}/rechten.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "gebruikersrechten-0456789034-" in answer.headers["content-disposition"]
    found = rows(answer.text)
    zoe = next(each for each in found if each["voornaam"] == "Zoë")
    assert zoe["context"] == "Non-conformiteiten indiener"
    assert zoe["toestand"] == "geldig"
    assert zoe["reden"] == '\'=1+1; met "quotes"\nen meer'
    assert {each["organisatiecode"] for each in found} == {"0456789034"}
    assert "85031512468" not in answer.text


def test_the_history_says_who_did_what_when_and_why(beheerder: Visitor, office: Portal) -> None:
    assert "nog niets gewijzigd" in beheerder.open(f"{HOME}/geschiedenis").text
    page = beheerder.open(f"{HOME}/rechten/{right_of(office, 'indiener')}/trek-in")
    beheerder.send(beheerder.send(page, NEXT, reason="Ander werk"), CONFIRM)
    text = beheerder.open(f"{HOME}/geschiedenis").text
    for words in (
        "Gebruikersrecht ingetrokken",
        "Inge Dewaele",
        "door Bea Hermans",
        "Reden: Ander werk",
        "OVAM Gebruiker",
    ):
        assert words in text
    other = Visitor(office.url)
    assert "nog niets gewijzigd" in other.log_in(f"{HOME}/geschiedenis", "beheerder-ovam").text
    other.close()


def test_a_long_history_has_pages_and_can_be_about_one_person(beheerder: Visitor, office: Portal) -> None:
    people = office.directory.people().people
    with office.directory.changing() as connection:
        for number in range(30):
            connection.execute(
                "INSERT INTO history (at, organisation, actor, action, person, details, reason)"
                " VALUES ('2026-01-01T10:00:00+00:00', '0456789034', 'Bea', ?, ?, '', '')",
                (f"Daad {number}.", people["indiener" if number else "verlopen"].id),
            )
    first = beheerder.open(f"{HOME}/geschiedenis").text
    assert "Daad 29." in first
    assert "Daad 0." not in first
    assert "Pagina 1 van 2" in first
    second = beheerder.open(f"{HOME}/geschiedenis?pagina=2").text
    assert "Daad 0." in second
    about = beheerder.open(f"{HOME}/geschiedenis?persoon={people['verlopen'].id}").text
    assert "Daad 0." in about
    assert "Daad 29." not in about
    for odd in ("?pagina=0", "?pagina=-1", "?pagina=9999999999999", "?persoon=x", "?persoon=999"):
        assert beheerder.open(f"{HOME}/geschiedenis{odd}").status_code == 200
