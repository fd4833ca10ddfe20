"""The story of the product, lived in a browser: log in at ACM, use the register, be refused with words that help.

The one file that runs the demonstration: its ports are fixed, and tests run side by side by file.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from tests.e2e.conftest import Picture
from tests.forked import forked

pytestmark = pytest.mark.browser

GATEWAY = "http://localhost:8000"


async def log_in(page: Page, persona: str) -> None:
    """On ACM's page: with itsme, as this persona."""
    await page.get_by_role("button", name="itsme").click()
    await page.get_by_role("button", name=f"({persona})").click()


def importing() -> float:
    """Seconds of processor time in which this machine imports the gateway, as busy as it is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import gateway.cli.serve"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_demonstration_is_up_quickly(demo: float) -> None:
    # Nine processes import the gateway, or nearly as much; what they do besides takes less.
    assert demo < 15 * importing()
    for port in (8000, 8010, 8020, 8100, 8110, 8120):
        assert httpx2.get(f"http://localhost:{port}/health", trust_env=False).status_code < 500
    for port in (8001, 8101):
        assert httpx2.get(f"http://localhost:{port}/readyz", trust_env=False).json()["ready"] is True
    for port in (8010, 8110):
        for path in ("gebruikersbeheer", "mijnprofiel"):
            page = httpx2.get(f"http://localhost:{port}/{path}", trust_env=False, follow_redirects=True)
            assert page.status_code == 200


def errors_of(page: Page) -> list[str]:
    """What goes wrong in scripts and requests at the gateway from here on, in all pages of this window."""
    found: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and message.location["url"].startswith(GATEWAY):
            found.append(f"{message.text} {message.location['url']}")

    page.context.on("console", said)
    page.context.on("weberror", lambda each: found.append(str(each.error)))
    return found


def machine() -> dict[str, str]:
    """The header of a program that ACM knows."""
    token = httpx2.post(
        "http://localhost:8010/op/v1/token",
        auth=("5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be101", "koppeling-peeters-ti"),
        data={"grant_type": "client_credentials", "resource": GATEWAY},
        trust_env=False,
    ).json()["access_token"]
    return {"authorization": f"Bearer {token}"}


def report(reference: str) -> dict[str, Any]:
    """A report as a program sends it."""
    return {
        "datum_vaststelling": "2026-01-05",
        "producent": {"naam": "Bakkerij", "ondernemingsnummer": "0400000185", "adres": "Kerkstraat 1"},
        "afvalstromen": ["glas"],
        "omschrijving": "Glas tussen het restafval",
        "eigen_referentie": reference,
    }


async def test_from_the_first_page_to_a_report(demo: float, page: Page, picture: Picture) -> None:
    errors = errors_of(page)
    await page.goto(GATEWAY)
    assert page.url.startswith("http://localhost:8010/op/login")
    await picture(page, "acm")
    await log_in(page, "indiener")
    # The register answered with a redirect to its inside address, and with links that hold its session.
    await page.wait_for_url(f"{GATEWAY}/ncr/meldingen.xhtml")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Meldingen van Containerdienst Peeters nv"
    )
    link = page.get_by_role("link", name="Nieuwe melding")
    assert ";jsessionid=" in str(await link.get_attribute("href"))
    await link.click()
    await page.get_by_label("Ondernemingsnummer").fill("0400.000.186")
    await page.get_by_label("Adres van de inzameling").focus()
    await expect(page.get_by_text("Dit ondernemingsnummer is niet geldig")).to_be_visible()
    await page.get_by_role("button", name="Indienen").click()
    await expect(page.get_by_role("alert")).to_contain_text("nog niet ingediend")
    await page.get_by_label("Naam van de afvalproducent").fill("Café De Korenaar")
    await page.get_by_label("Ondernemingsnummer").fill("0400.000.185")
    await page.get_by_label("Adres van de inzameling").fill("Kerkstraat 1, 2000 Antwerpen")
    await page.get_by_label("Afvalstroom").select_option("papier en karton")
    await page.get_by_label("Omschrijving").fill("Karton tussen het restafval: 3 €")
    await picture(page, "register-form")
    await page.get_by_role("button", name="Indienen").click()
    await expect(page.get_by_text("Uw melding is ingediend")).to_contain_text("NC-")
    await expect(page.get_by_role("cell", name="Karton tussen het restafval: 3 €")).to_be_visible()
    await picture(page, "register-report")
    await page.get_by_role("link", name="Terug naar de meldingen").click()
    assert ";jsessionid=" not in await page.content()
    await page.get_by_label("Producent").fill("café")
    await page.get_by_role("button", name="Zoeken").click()
    await expect(page.get_by_role("heading", name="1 melding")).to_be_visible()
    await expect(page.get_by_role("cell", name="Café De Korenaar")).to_be_visible()
    await picture(page, "register")
    assert errors == []


async def test_a_file_goes_in_and_out(demo: float, page: Page, tmp_path: Path) -> None:
    errors = errors_of(page)
    await page.goto(f"{GATEWAY}/ncr/opladen.xhtml")
    await log_in(page, "indiener")
    async with page.expect_download() as example:
        await page.get_by_role("link", name="Voorbeeld").click()
    file = tmp_path / "café #1.csv"
    await (await example.value).save_as(file)
    await page.get_by_label("CSV-bestand").set_input_files(file)
    await page.get_by_role("button", name="Opladen en indienen").click()
    await expect(page.get_by_text("Het bestand is verwerkt")).to_contain_text("1 melding ingediend")
    link = page.get_by_role("link", name="café #1.csv")
    assert "caf%E9%20%231.csv" in str(await link.get_attribute("href"))
    async with page.expect_download() as again:
        await link.click()
    assert Path(await (await again.value).path()).read_bytes() == file.read_bytes()
    await page.get_by_role("link", name="Meldingen", exact=True).click()
    async with page.expect_download() as export:
        await page.get_by_role("link", name="Alle meldingen als CSV-bestand").click()
    assert "voorbeeld-1" in Path(await (await export.value).path()).read_text("windows-1252")
    assert errors == []


async def test_new_reports_appear_as_they_come(demo: float, page: Page, picture: Picture) -> None:
    errors = errors_of(page)
    await page.goto(f"{GATEWAY}/ncr/live.xhtml")
    await log_in(page, "indiener")
    await expect(page.get_by_text("verbonden", exact=True)).to_be_visible()
    await expect(page.get_by_text("verbonden als Inge Dewaele")).to_be_visible()
    made = httpx2.post(
        f"{GATEWAY}/api/v1/meldingen", json=report("live-1"), headers=machine(), trust_env=False
    )
    assert made.status_code == 201
    item = page.get_by_role("listitem").filter(has_text=made.json()["registratienummer"])
    await expect(item).to_have_count(2)
    await picture(page, "register-live")
    assert errors == []


async def test_a_logout_ends_what_is_live(demo: float, page: Page) -> None:
    await page.goto(f"{GATEWAY}/ncr/live.xhtml")
    await log_in(page, "indiener")
    await expect(page.get_by_text("verbonden als Inge Dewaele")).to_be_visible()
    other = await page.context.new_page()
    await other.goto(f"{GATEWAY}/oauth2/sign_out")
    await expect(page.get_by_text("verbroken (4401)")).to_be_visible()
    await expect(page.get_by_text("verbroken", exact=True)).to_be_visible()


async def test_after_a_logout_buttons_lead_to_the_login_and_the_next_person_begins_anew(
    demo: float, page: Page
) -> None:
    errors = errors_of(page)
    await page.goto(GATEWAY)
    await log_in(page, "indiener")
    await expect(page.locator("#kop")).to_contain_text("Inge Dewaele")
    other = await page.context.new_page()
    await other.goto(f"{GATEWAY}/ncr/live.xhtml")
    await expect(other.get_by_text("verbonden als Inge Dewaele")).to_be_visible()
    await other.get_by_role("link", name="Afmelden").click()
    await expect(other.get_by_role("heading", level=1)).to_have_text("U bent afgemeld")
    await page.get_by_role("button", name="Zoeken").click()
    await page.wait_for_url("http://localhost:8010/op/login*")
    await log_in(page, "twee-organisaties")
    await page.get_by_role("button", name="Recuperatie Maasland bv").click()
    await page.wait_for_url(f"{GATEWAY}/ncr/meldingen.xhtml*")
    await expect(page.locator("#kop")).to_contain_text("Thijs Willems")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Meldingen van Recuperatie Maasland bv")
    assert errors == []


def test_a_machine_reports_by_itself(demo: float) -> None:
    address, bearer = f"{GATEWAY}/api/v1/meldingen", machine()
    made = [
        httpx2.post(address, json=report("weegbrug-1"), headers=bearer, trust_env=False) for _ in range(2)
    ]
    assert [answer.status_code for answer in made] == [201, 200], made[0].text
    assert made[0].json()["indiener"]["organisatie"] == "0456789034"
    assert httpx2.get(f"{GATEWAY}/", headers=bearer, trust_env=False).status_code == 403
    assert httpx2.post(address, json=report("weegbrug-1"), trust_env=False).status_code == 401


async def test_a_refused_person_reads_what_is_missing_and_who_helps(
    demo: float, page: Page, picture: Picture
) -> None:
    await page.goto(f"{GATEWAY}/")
    await log_in(page, "verkeerde-context")
    assert page.url == f"{GATEWAY}/"
    text = await page.locator("body").inner_text()
    for words in ("OVAM Gebruiker", "Non-conformiteiten indiener", "lokale beheerder van uw organisatie", "Mijn Profiel", "1700", "+32 2 553 1700"):  # fmt: skip
        assert words in text
    assert (
        await page.get_by_role("link", name="Mijn Profiel").first.get_attribute("href")
        == "http://localhost:8010/mijnprofiel"
    )
    await picture(page, "denied")


def test_the_login_command(demo: float) -> None:
    simulator = forked("simulator", "simulator.demo", "simulator.serve")
    run = partial(simulator.run, "login")
    done = run(GATEWAY, "--as", "indiener")
    assert done.returncode == 0
    cookie = done.stdout.strip()
    for gateway, status in ((GATEWAY, 302), ("http://localhost:8100", 401)):
        answer = httpx2.get(f"{gateway}/", headers={"cookie": cookie}, trust_env=False)
        assert answer.status_code == status
    refused = run(GATEWAY, "--as", "niemand")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "does not offer 'niemand'" in refused.stderr
    assert run("http://localhost:9", "--as", "indiener").returncode == 1
