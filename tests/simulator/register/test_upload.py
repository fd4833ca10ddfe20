"""CSV files: whole or not at all, in the encodings that people have, and downloads under names in ISO-8859-1."""

from __future__ import annotations

import re

import httpx2
import pytest

from simulator.register.upload import COLUMNS
from tests.simulator.register.conftest import INGE, MIA, OLIVIA, Browser, Office

PAGE = "/ncr/opladen.xhtml"
HEAD = ";".join(COLUMNS)
ROW = "20/11/2026;Café;0400.000.185;Kerkstraat 1;glas;Glas tussen het restafval;ja;{}"


def send(browser: Browser, content: bytes | None, name: str = "januari.csv") -> httpx2.Response:
    """Upload a file as a browser does whose page is in ISO-8859-1."""
    browser.get(PAGE)
    part = b"" if content is None else content
    filename = (name if content is not None else "").encode("iso-8859-1")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="javax.faces.ViewState"\r\n\r\n' + browser.state.encode()
        + b'\r\n--x\r\nContent-Disposition: form-data; name="opladen:bestand"; filename="' + filename
        + b'"\r\nContent-Type: text/csv\r\n\r\n' + part + b"\r\n--x--\r\n"
    )  # fmt: skip
    answer = browser.ask(
        "POST", PAGE, headers={"content-type": "multipart/form-data; boundary=x"}, content=body
    )
    browser.page = answer.text
    return answer


def total(office: Office) -> int:
    found: int = office.call("GET", "/api/v1/meldingen", OLIVIA).json()["totaal"]
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_a_file_goes_in_and_comes_back_under_its_name(office: Office, encoding: str) -> None:
    inge = office.browser(INGE)
    content = "\r\n".join((HEAD, ROW.format("a"), ROW.format("b"))).encode(encoding)
    answer = send(inge, content, "café #1.csv")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{office.url}{PAGE}")
    inge.get(PAGE)
    assert "2 meldingen ingediend" in inge.page
    assert total(office) == 2
    assert office.call("GET", "/api/v1/meldingen/1", INGE).json()["producent"]["naam"] == "Café"
    (link,) = re.findall(r'href="(/ncr/bestanden/[^"]+)"', inge.page)
    assert link == "/ncr/bestanden/0456789034/caf%E9%20%231.csv"
    file = inge.get(link)
    assert file.content == content
    named = {name.lower(): value for name, value in file.headers.raw}[b"content-disposition"]
    assert named == b'attachment; filename="caf\xe9 #1.csv"'
    assert office.call("GET", link, OLIVIA).status_code == 200
    assert office.call("GET", link, MIA).status_code == 404
    assert inge.get("/ncr/bestanden/0456789034/weg.csv").status_code == 404
    # The same file once more: every reference stands already.
    send(inge, content, "café #1.csv")
    assert total(office) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "Kies een CSV-bestand."),
        ("a;b", "De eerste rij"),
        (HEAD, "1 tot 5000"),
        (f"{HEAD}\n{ROW.format('a')}\n{ROW.format('b').replace('glas', 'goud')}", "Rij 3: Deze afvalstroom bestaat niet."),
        (f"{HEAD}\n{ROW.format('a')};x", "Rij 2: er zijn 9 kolommen in plaats van 8."),
        (f"{HEAD}\n{ROW.format('a')}\n{ROW.format('a')}", "twee keer"),
        (HEAD + "\n" + ROW.format("a").replace("glas", "goud\n") * 30, "Rij"),
    ],
)  # fmt: skip
def test_a_file_with_a_fault_submits_nothing(office: Office, content: str | None, words: str) -> None:
    inge = office.browser(INGE)
    answer = send(inge, None if content is None else content.encode())
    assert answer.status_code == 200
    assert words in inge.text
    assert total(office) == 0
    assert "/ncr/bestanden/" not in inge.page


def test_a_reference_of_another_report_submits_nothing(office: Office) -> None:
    inge = office.browser(INGE)
    send(inge, f"{HEAD}\n{ROW.format('a')}".encode())
    send(inge, f"{HEAD}\n{ROW.format('b')}\n{ROW.format('a').replace('glas', 'hout')}".encode())
    assert "Rij 3: deze referentie staat al op melding NC-2026-000001." in inge.text
    assert total(office) == 1


def test_the_list_and_the_example_can_be_uploaded_again(office: Office) -> None:
    inge = office.browser(INGE)
    inge.get(PAGE)
    example = inge.get("/ncr/uitvoer/voorbeeld.csv")
    assert "cache-control" not in example.headers
    assert send(inge, example.content, "voorbeeld.csv").status_code == 302
    assert inge.get("/ncr/uitvoer/meldingen.csv").content == example.content


def test_names_and_numbers_of_files_are_bounded(office: Office) -> None:
    inge = office.browser(INGE)
    content = f"{HEAD}\n{ROW.format('a')}".encode()
    send(inge, content, '..\\..\\x";y.csv')
    for number in range(20):
        send(inge, content, f"../{number}.csv")
    inge.get(PAGE)
    names = re.findall(r'href="/ncr/bestanden/0456789034/([^"]+)"', inge.page)
    assert names == [f"{number}.csv" for number in range(20)]
