"""What all pages of the simulator share: titles of faults, addresses that do not exist, numbers and links."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.numbers import organisation_shown
from simulator.web import mail_link, telephone_link
from tests.simulator.visitors import Portal, Visitor, portal

NUMBER = "/gebruikersbeheer/personen/nieuw"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder: Path = tmp_path_factory.mktemp("office")
    with portal(folder) as found:
        yield found


@pytest.fixture(scope="module")
def bea(office: Portal) -> Iterator[Visitor]:
    found = Visitor(office.url)
    assert "Dag Bea" in found.log_in("/gebruikersbeheer/start", "beheerder").text
    yield found
    found.close()


@pytest.mark.parametrize(
    "path",
    [
        "/onbekend",
        "/op/v1/onbekend",
        "/gebruikersbeheer/onbekend",
        "/gebruikersbeheer/personen/x",
        "/mijnprofiel/x",
    ],
)
def test_what_does_not_exist_is_told_in_dutch(bea: Visitor, path: str) -> None:
    page = bea.open(path)
    assert page.status_code == 404
    assert "Deze pagina bestaat niet" in page.text
    assert "Not Found" not in page.text


def test_a_method_that_is_not_allowed_is_named(bea: Visitor, office: Portal) -> None:
    page = bea.request(f"{office.url}/gebruikersbeheer/rechten", "post", [])
    assert (page.status_code, "GET" in page.headers["allow"]) == (405, True)


def test_the_title_of_a_form_with_faults_says_so(bea: Visitor) -> None:
    page = bea.open(NUMBER)
    assert "<title>Persoon toevoegen" in page.text
    page = bea.send(page, ("step", "search"), number="1")
    assert (page.status_code, "<title>Fout: Persoon toevoegen" in page.text) == (422, True)


def test_a_person_who_was_added_before_is_linked(bea: Visitor, office: Portal) -> None:
    person = office.directory.people().people["indiener"]
    page = bea.send(bea.open(NUMBER), ("step", "search"), number=person.number)
    assert f'<a href="/gebruikersbeheer/personen/{person.id}">Inge Dewaele</a>' in page.text
    other = office.directory.people().people["ovam"]
    page = bea.send(bea.open(NUMBER), ("step", "search"), number=other.number)
    assert f"/personen/{other.id}" not in page.text


def test_administrators_can_be_written_to_and_called(office: Portal) -> None:
    visitor = Visitor(office.url)
    with contextlib.closing(visitor):
        page = visitor.log_in("/mijnprofiel/beheerders", "indiener", ("organisation", "0456789034"))
    assert 'href="mailto:' in page.text
    assert 'href="tel:+32' in page.text
    assert "(0456.789.034)" in page.text


def test_numbers_and_links() -> None:
    assert organisation_shown("0777000187") == "0777.000.187"
    assert organisation_shown("OVO001234") == "OVO001234"
    assert mail_link('a"b@c.example') == '<a href="mailto:a&#34;b@c.example">a&#34;b@c.example</a>'
    assert telephone_link("+32 2 553 1700") == '<a href="tel:+3225531700">+32 2 553 1700</a>'
