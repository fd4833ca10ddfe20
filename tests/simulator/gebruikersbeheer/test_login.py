"""Who comes in: local administrators of the organisation that they chose at ACM, in this environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.faults import by_name
from tests.simulator.gebruikersbeheer.conftest import START
from tests.simulator.visitors import Portal, Visitor, portal

NewVisitor = Callable[[], Visitor]
SWITCH = ("", "")


def test_the_first_page_says_what_it_is_for(somebody: NewVisitor) -> None:
    page = somebody().open("/gebruikersbeheer")
    assert page.status_code == 200
    assert "Simulatie T&amp;I" in page.text
    assert 'href="/gebruikersbeheer/aanmelden"' in page.text


def test_an_administrator_logs_in_at_acm(somebody: NewVisitor) -> None:
    page = somebody().log_in(START, "beheerder")
    assert page.status_code == 200
    assert "Dag Bea" in page.text
    assert "Containerdienst Peeters nv" in page.text


def test_after_the_login_comes_the_page_that_was_asked_for(somebody: NewVisitor) -> None:
    assert (
        somebody().log_in("/gebruikersbeheer/geschiedenis", "beheerder").url.path
        == "/gebruikersbeheer/geschiedenis"
    )


def test_no_other_address_is_gone_to_after_the_login(somebody: NewVisitor, office: Portal) -> None:
    for onward in ("//evil.example", "https://evil.example/", "/x%2f..", "/a?b=c"):
        page = somebody().log_in(f"/gebruikersbeheer/aanmelden?naar={onward}", "beheerder")
        assert str(page.url) == f"{office.url}{START}"


def test_others_read_why_they_may_not_come_in(somebody: NewVisitor) -> None:
    page = somebody().log_in(START, "indiener")
    assert page.status_code == 403
    assert "Inge Dewaele is in T&amp;I geen lokale beheerder van Containerdienst Peeters nv" in page.text
    assert "1700" in page.text


def test_one_administers_the_organisation_that_was_chosen(somebody: NewVisitor) -> None:
    visitor = somebody()
    page = visitor.log_in(START, "beheerder-ti", ("organisation", "1000000120"))
    assert "Groenpunt Inzameling cv" in page.text
    page = visitor.send(page, ("", ""))
    assert "Namens welke organisatie" in page.text
    page = visitor.send(page, ("organisation", "0777000187"))
    assert "Recuperatie Maasland bv" in page.text


def test_an_administrator_in_ti_is_none_in_prd(tmp_path: Path) -> None:
    with portal(tmp_path, "prd") as prd:
        visitor = Visitor(prd.url)
        page = visitor.log_in(START, "beheerder-ti", ("organisation", "0777000187"))
        assert page.status_code == 403
        assert "is in PRD geen lokale beheerder" in page.text
        assert visitor.open("/gebruikersbeheer/personen").status_code == 403
        visitor.close()


def test_who_stops_being_an_administrator_is_out_at_once(beheerder: Visitor, office: Portal) -> None:
    with office.directory.changing() as connection:
        connection.execute("DELETE FROM administrator")
    assert beheerder.open("/gebruikersbeheer/personen").status_code == 403


def test_logging_out(beheerder: Visitor) -> None:
    page = beheerder.open(START)
    gone = beheerder.request(
        f"{beheerder.url}/gebruikersbeheer/afmelden", "post", [("csrf", page.text.split('name="csrf" value="')[1].split('"')[0])]
    )  # fmt: skip
    assert gone.url.path == "/gebruikersbeheer/afgemeld"
    assert "Hoe wilt u zich aanmelden?" in beheerder.open(START).text


def test_logging_out_needs_a_form_of_ours(beheerder: Visitor) -> None:
    for fields in ([], [("csrf", "1.abc")]):
        answer = beheerder.request(f"{beheerder.url}/gebruikersbeheer/afmelden", "post", fields)
        assert answer.status_code == 403
    assert "Dag Bea" in beheerder.open(START).text


def test_a_session_ends_after_two_hours(beheerder: Visitor, office: Portal) -> None:
    office.clock.now += 7201
    assert "Hoe wilt u zich aanmelden?" in beheerder.open(START).text


def test_an_answer_that_nobody_asked_for_logs_nobody_in(somebody: NewVisitor) -> None:
    for query in ("", "?code=x&state=y", "?error=access_denied&state=y"):
        page = somebody().open(f"/gebruikersbeheer/aangemeld{query}")
        assert page.status_code == 400
        assert "verlopen" in page.text


def test_a_login_ends_only_in_the_browser_that_began_it(somebody: NewVisitor, office: Portal) -> None:
    victim, attacker = somebody(), somebody()
    page = attacker.send(attacker.open(START), ("means", "itsme"))
    back = attacker.sent_back_to(page, ("persona", "beheerder"))
    assert "/gebruikersbeheer/aangemeld?code=" in back
    assert victim.open(back).status_code == 400


def test_a_directory_that_knows_nobody_lets_nobody_in(beheerder: Visitor, office: Portal) -> None:
    with office.directory.changing() as connection:
        connection.execute("UPDATE person SET sub = 'other' WHERE persona = 'beheerder'")
    assert beheerder.open(START).status_code == 403


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("access-denied", "ACM liet u niet door (access_denied)"),
        ("token-fails", "ACM antwoordt niet zoals het hoort"),
        ("keys-down", "ACM antwoordt niet zoals het hoort"),
        ("unknown-kid", "Het antwoord van ACM klopt niet"),
        ("clock-ahead", "Het antwoord van ACM klopt niet"),
    ],
)
def test_what_acm_gets_wrong_logs_nobody_in(
    somebody: NewVisitor, office: Portal, fault: str, words: str
) -> None:
    office.acm.faults.switch_on(by_name(fault))
    try:
        visitor = somebody()
        page = visitor.log_in(START, "beheerder")
        assert page.status_code == 400
        assert words in page.text
        assert page.url.path == "/gebruikersbeheer/aangemeld"
    finally:
        office.acm.faults.clear()
    assert "Dag Bea" in visitor.open("/gebruikersbeheer/aanmelden").text


def test_leaving_without_being_inside(somebody: NewVisitor, office: Portal) -> None:
    visitor = somebody()
    gone = visitor.request(f"{office.url}/gebruikersbeheer/afmelden", "post", [])
    assert "U bent afgemeld" in gone.text
    choice = visitor.request(f"{office.url}/gebruikersbeheer/wisselen", "post", [])
    assert "Hoe wilt u zich aanmelden?" in choice.text


def test_who_is_inside_already_goes_on_to_the_start(beheerder: Visitor) -> None:
    assert beheerder.open("/gebruikersbeheer/").url.path == START
