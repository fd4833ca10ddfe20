"""Mijn Profiel: the capacity is chosen at ACM, the rights and administrators are shown for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator.visitors import Portal, Visitor, portal

HOME = "/mijnprofiel"
PEETERS = ("organisation", "0456789034")
CITIZEN = ("doelgroep", "BUR")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("mp")) as found:
        yield found


@pytest.fixture
def visitor(profile: Portal) -> Iterator[Visitor]:
    found = Visitor(profile.url)
    yield found
    found.close()


def test_the_first_page(visitor: Visitor) -> None:
    page = visitor.open(HOME)
    assert page.status_code == 200
    assert "Mijn Profiel" in page.text
    assert "+32 2 553 1700" in page.text
    assert "Simulatie T&amp;I" in page.text


def test_the_capacity_is_chosen_at_acm(visitor: Visitor) -> None:
    page = visitor.log_in(f"{HOME}/start", "twee-organisaties")
    for words in ("Containerdienst Peeters nv", "Recuperatie Maasland bv", "Als burger"):
        assert words in page.text
    page = visitor.send(page, ("organisation", "0777000187"))
    assert "Recuperatie Maasland bv" in page.text
    page = visitor.send(visitor.send(page, ("", "")), PEETERS)
    assert "Containerdienst Peeters nv" in page.text


@pytest.mark.parametrize(
    ("persona", "words"),
    [
        ("indiener", ("OVAM Gebruiker", "Non-conformiteiten indiener", "geldig")),
        ("verlopen", ("OVAM Gebruiker", "Non-conformiteiten indiener", "beëindigd")),
        ("verkeerde-context", ("OVAM Gebruiker", "Bodemdossiers")),
        ("zonder-recht", ("nog geen gebruikersrechten", "uw lokale beheerders")),
    ],
)
def test_own_rights(visitor: Visitor, persona: str, words: tuple[str, ...]) -> None:
    page = visitor.log_in(f"{HOME}/gebruikersrechten", persona, PEETERS)
    assert page.url.path == f"{HOME}/gebruikersrechten"
    for each in words:
        assert each in page.text


def test_own_administrators(visitor: Visitor) -> None:
    page = visitor.log_in(f"{HOME}/beheerders", "indiener", PEETERS)
    assert "Bea Hermans" in page.text
    assert "bea.hermans@peeters.example" in page.text
    assert "Ties" not in page.text


def test_in_prd_there_may_be_no_administrator_yet(tmp_path_factory: pytest.TempPathFactory) -> None:
    with portal(tmp_path_factory.mktemp("prd"), "prd") as prd:
        visitor = Visitor(prd.url)
        page = visitor.log_in(f"{HOME}/beheerders", "twee-organisaties", ("organisation", "0777000187"))
        assert "nog geen lokale beheerder" in page.text
        assert "PRD" in page.text
        visitor.close()


def test_citizens_have_no_rights_for_organisations(visitor: Visitor) -> None:
    page = visitor.log_in(f"{HOME}/gebruikersrechten", "indiener", CITIZEN)
    assert "Als burger hebt u geen gebruikersrechten" in page.text
    assert "Containerdienst Peeters nv" in page.text
    assert "geen lokale beheerders" in visitor.open(f"{HOME}/beheerders").text
    assert "als burger" in visitor.open(f"{HOME}/start").text


def test_pages_want_a_login(visitor: Visitor) -> None:
    for path in ("start", "gebruikersrechten", "beheerders"):
        assert "Hoe wilt u zich aanmelden?" in visitor.open(f"{HOME}/{path}").text


def test_a_session_of_gebruikersbeheer_is_none_here(visitor: Visitor) -> None:
    visitor.log_in("/gebruikersbeheer/start", "beheerder")
    page = visitor.open(f"{HOME}/start")
    assert "Namens welke organisatie" in page.text  # ACM knows the person; the capacity is chosen anew
