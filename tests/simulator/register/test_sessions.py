"""The register's own sessions, as a servlet container keeps them: by cookie or path, with the visitor of their beginning."""

from __future__ import annotations

import re

from tests.simulator.register.conftest import INGE, MIA, NOBODY, TYPED, Office

LIST = "/ncr/meldingen.xhtml"


def test_the_first_page_sets_an_inside_cookie_and_writes_the_session_into_every_link(office: Office) -> None:
    inge = office.browser(INGE)
    first = inge.get(LIST)
    session = inge.cookie.removeprefix("JSESSIONID=")
    assert first.headers["set-cookie"] == f"JSESSIONID={session}; Path=/ncr; Domain=localhost; HttpOnly"
    links = re.findall(r'(?:href|src|action)="(/ncr/[^"]+)"', first.text)
    assert len(links) >= 7
    assert all(f";jsessionid={session}" in link for link in links)
    assert office.client.get(next(link for link in links if "stijl.css" in link)).status_code == 200
    second = inge.get(LIST)
    assert "jsessionid" not in second.text
    assert "set-cookie" not in second.headers


def test_a_browser_without_cookies_goes_on_by_its_path(office: Office) -> None:
    inge = office.browser(INGE)
    inge.get(LIST)
    parameter, inge.cookie = ";jsessionid=" + inge.cookie.removeprefix("JSESSIONID="), ""
    assert inge.get(f"/ncr/nieuw.xhtml{parameter}").status_code == 200
    assert inge.cookie == ""
    made = inge.send(f"/ncr/nieuw.xhtml{parameter}", **TYPED, melding__indienen="x")
    assert made.headers["location"] == f"{office.url}/ncr/melding.xhtml{parameter}?id=1"
    assert "Café De Korenaar" in inge.get(made.headers["location"]).text


def test_identity_is_read_once_for_each_session(office: Office) -> None:
    browser = office.browser(INGE)
    assert "Inge Dewaele" in browser.get(LIST).text
    browser.who = MIA
    assert "Inge Dewaele" in browser.get(LIST).text
    browser.cookie = ""
    browser.get(LIST)
    assert "João Łukasz" in browser.text
    assert "Meldingen van Maasland bv" in browser.text


def test_a_session_ends_when_it_was_not_used_for_half_an_hour(office: Office) -> None:
    inge = office.browser(INGE)
    inge.get(LIST)
    office.clock.now += 1_800
    inge.get(LIST)
    office.clock.now += 1_801
    assert inge.send(LIST, zoek__zoeken="").status_code == 500
    before = inge.cookie
    inge.get(LIST)
    assert inge.cookie != before


def test_a_session_id_that_the_register_did_not_give_begins_another(office: Office) -> None:
    mallory = office.browser(INGE)
    mallory.cookie = "JSESSIONID=0A1B.node1"
    mallory.get(f"{LIST};jsessionid=0A1C.node1")
    assert mallory.cookie not in ("JSESSIONID=0A1B.node1", "JSESSIONID=0A1C.node1")


def test_without_an_identity_or_a_right_there_is_no_page(office: Office) -> None:
    assert office.call("GET", LIST, {}).status_code == 403
    assert office.call("GET", LIST, NOBODY).status_code == 403
