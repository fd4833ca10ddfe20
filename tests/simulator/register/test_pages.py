"""The register's pages: view state, partial responses, redirects to the inside, and ISO-8859-1."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import httpx2
import pytest

from tests.simulator.register.conftest import INGE, MIA, OLIVIA, TYPED, Browser, Office, report

LIST, NEW = "/ncr/meldingen.xhtml", "/ncr/nieuw.xhtml"


def opened(office: Office, who: Any, path: str) -> Browser:
    """A browser with a session, on this page."""
    browser = office.browser(who)
    browser.get(path)
    assert browser.get(path).status_code == 200
    return browser


def partial(answer: httpx2.Response) -> ET.Element:
    assert answer.headers["content-type"] == "text/xml;charset=UTF-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "partial-response"
    return root


def updates(answer: httpx2.Response) -> dict[str, str]:
    return {each.attrib["id"]: each.text or "" for each in partial(answer).iter("update")}


def test_the_start_redirects_to_the_inside_name(office: Office) -> None:
    for path in ("/", "/ncr", "/ncr/"):
        answer = office.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, f"{office.url}{LIST}")


def test_a_report_in_the_encoding_of_the_page(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    typed = TYPED | {"melding__omschrijving": "Zeven € aan ‘café’", "melding__indienen": "x"}
    made = inge.send(NEW, **typed)
    assert (made.status_code, made.headers["location"]) == (302, f"{office.url}/ncr/melding.xhtml?id=1")
    shown = inge.get(made.headers["location"])
    assert shown.headers["content-type"] == "text/html;charset=ISO-8859-1"
    assert b"Caf\xe9 De Korenaar" in shown.content
    for words in ("Uw melding is ingediend met nummer NC-2026-000001.", "Zeven € aan ‘café’"):
        assert words in inge.text
    assert "is ingediend" not in inge.get(made.headers["location"]).text
    assert office.call("GET", "/ncr/melding.xhtml?id=1", MIA).status_code == 404
    assert office.call("GET", "/ncr/melding.xhtml?id=1", OLIVIA).status_code == 200


def test_what_is_wrong_stands_beside_the_field_and_nothing_is_lost(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    answer = inge.send(
        NEW,
        **TYPED | {"melding__nummer": "0400.000.186", "melding__datum": "2/13/2026"},
        melding__indienen="x",
    )
    assert answer.status_code == 200
    inge.page = answer.text
    for words in ("nog niet ingediend", "niet geldig", "dd/mm/jjjj", 'value="Café De Korenaar"'):
        assert words in inge.text
    assert inge.send(NEW, **TYPED, melding__indienen="x").status_code == 302


def test_the_number_is_checked_by_ajax(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    for number, words in (("0400.000.185", "is geldig"), ("0400.000.186", "niet geldig")):
        found = updates(inge.ajax(NEW, "melding:nummer", "controle", **TYPED | {"melding__nummer": number}))
        assert words in found["controle"]
        assert found["javax.faces.ViewState"] == inge.state
    assert not office.call("GET", "/api/v1/meldingen", INGE).json()["totaal"]


def test_search_and_paging_by_ajax_and_without_scripts(office: Office) -> None:
    for number in range(12):
        office.call("POST", "/api/v1/meldingen", INGE, json=report(eigen_referentie=str(number)))
    other = report(afvalstromen=["glas"], producent=report()["producent"] | {"naam": "Slagerij Sié"})
    office.call("POST", "/api/v1/meldingen", MIA, json=other)
    inge, olivia = opened(office, INGE, LIST), opened(office, OLIVIA, LIST)
    assert "12 meldingen" in inge.page
    found = updates(inge.ajax(LIST, "zoek:volgende", "lijst"))
    assert "Pagina 2 van 2" in found["lijst"]
    assert "teller" not in found
    assert "NC-2026-000001" in found["lijst"]
    found = updates(
        olivia.ajax(LIST, "zoek:zoeken", "lijst", zoek__producent="sié", zoek__afvalstroom="glas")
    )
    assert "1 melding<" in found["lijst"]
    olivia.page = olivia.send(LIST, zoek__producent="Sié", zoek__zoeken="").text
    assert "1 melding<" in olivia.page
    assert 'value="Sié"' in olivia.text


def test_polling_counts_what_is_new(office: Office) -> None:
    inge = opened(office, INGE, LIST)
    assert "nieuwe" not in updates(inge.ajax(LIST, "zoek:poll", "teller"))["teller"]
    office.call("POST", "/api/v1/meldingen", INGE, json=report())
    assert "1 nieuwe melding sinds" in updates(inge.ajax(LIST, "zoek:poll", "teller"))["teller"]


@pytest.mark.parametrize("state", ["", "1:2", "of another session", "of another page"])
def test_an_unknown_view_state_is_a_view_that_expired(office: Office, state: str) -> None:
    inge, other = opened(office, INGE, NEW), opened(office, INGE, NEW)
    if state == "of another page":
        other.cookie = inge.cookie
        other.get(LIST)
    given = {"of another session": other.state, "of another page": other.state}.get(state, state)
    fields = TYPED | {"javax.faces.ViewState": given}
    whole = inge.send(NEW, **fields, melding__indienen="x")
    assert whole.status_code == 500
    assert "javax.faces.application.ViewExpiredException" in whole.text
    error = partial(inge.ajax(NEW, "melding:nummer", "controle", **fields)).find("error")
    assert error is not None
    assert error.findtext("error-name") == "class javax.faces.application.ViewExpiredException"
    assert not office.call("GET", "/api/v1/meldingen", INGE).json()["totaal"]


def test_the_oldest_of_sixteen_views_is_forgotten(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    oldest = inge.page
    for _ in range(14):
        inge.get(NEW)
    inge.page, newest = oldest, inge.page
    assert inge.send(NEW).status_code == 200
    inge.page = oldest
    assert inge.send(NEW).status_code == 500
    inge.page = newest
    assert inge.send(NEW).status_code == 200


def test_ajax_that_leads_to_another_page_is_a_redirect_in_the_partial_response(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    redirect = partial(inge.ajax(NEW, "melding:indienen", "controle", **TYPED)).find("redirect")
    assert redirect is not None
    assert redirect.attrib["url"] == "/ncr/melding.xhtml?id=1"


def test_readers_get_no_page_that_submits(office: Office) -> None:
    olivia = opened(office, OLIVIA, LIST)
    assert "Nieuwe melding" not in olivia.page
    assert olivia.get(NEW).status_code == 403
    assert olivia.get("/ncr/opladen.xhtml").status_code == 403


def test_text_of_people_stays_text(office: Office) -> None:
    words = "</table><script>alert(1)</script>]]><b>"
    office.call(
        "POST", "/api/v1/meldingen", INGE, json=report(producent=report()["producent"] | {"naam": words})
    )
    inge = opened(office, INGE, LIST)
    found = updates(inge.ajax(LIST, "zoek:zoeken", "lijst"))["lijst"]
    for page in (inge.page, found):
        assert "alert(1)" in page
        assert "<script>alert" not in page
    assert not re.search(r"]]>(?!</)", found)


def test_too_large_and_unknown_pages(office: Office) -> None:
    inge = opened(office, INGE, NEW)
    assert inge.send(NEW, melding__omschrijving="x" * (10 * 1024 * 1024)).status_code == 413
    assert inge.get("/ncr/weg.xhtml").status_code == 404
    assert office.call("DELETE", LIST, INGE).status_code == 405
