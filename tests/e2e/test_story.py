"""The story of the product, lived in a browser: log in at ACM, use the register, be refused with words that help.

The one file that runs the demonstration: its ports are fixed, and tests run side by side by file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.browser

GATEWAY = "http://localhost:8000"


async def log_in(page: Page, persona: str) -> None:
    """On ACM's page: with itsme, as this persona."""
    await page.get_by_role("button", name="itsme").click()
    await page.get_by_role("button", name=f"({persona})").click()


def test_the_demonstration_is_up_quickly(demo: float) -> None:
    assert demo < 10
    for port in (8000, 8010, 8020, 8100, 8110, 8120):
        assert httpx2.get(f"http://localhost:{port}/health", trust_env=False).status_code < 500
    for port in (8001, 8101):
        assert httpx2.get(f"http://localhost:{port}/readyz", trust_env=False).json()["ready"] is True
    for port in (8010, 8110):
        for path in ("gebruikersbeheer", "mijnprofiel"):
            page = httpx2.get(f"http://localhost:{port}/{path}", trust_env=False, follow_redirects=True)
            assert page.status_code == 200


async def test_indiener_logs_in_and_submits_a_report(demo: float, page: Page, screenshots: Path) -> None:
    await page.goto(f"{GATEWAY}/?pagina=1")
    assert page.url.startswith("http://localhost:8010/op/login")
    await page.screenshot(path=screenshots / "acm.png")
    await log_in(page, "indiener")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Meldingen van Containerdienst Peeters nv"
    )
    assert page.url == f"{GATEWAY}/?pagina=1"
    await page.get_by_role("link", name="Nieuwe melding").click()
    await page.get_by_role("button", name="Indienen").click()
    await expect(page.get_by_role("alert")).to_contain_text("nog niet ingediend")
    await page.get_by_label("Naam van de afvalproducent").fill("Bakkerij De Korenaar")
    await page.get_by_label("Ondernemingsnummer").fill("0400.000.185")
    await page.get_by_label("Vestigingsnummer of adres").fill("Kerkstraat 1, 2000 Antwerpen")
    await page.get_by_label("papier en karton").check()
    await page.get_by_label("Beschrijving").fill("Karton tussen het restafval")
    await page.screenshot(path=screenshots / "register-form.png", full_page=True)
    await page.get_by_role("button", name="Indienen").click()
    await expect(page.get_by_role("status")).to_contain_text("NC-")
    await expect(page.get_by_role("cell", name="Bakkerij De Korenaar")).to_be_visible()
    await page.screenshot(path=screenshots / "register.png")


async def test_a_report_is_corrected_and_cancelled_and_a_file_goes_in_and_out(
    demo: float, page: Page, screenshots: Path
) -> None:
    await page.goto(f"{GATEWAY}/meldingen/opladen")
    await log_in(page, "indiener")
    async with page.expect_download() as example:
        await page.get_by_role("link", name="Voorbeeld").click()
    await page.get_by_label("CSV-bestand").set_input_files(await (await example.value).path())
    await page.get_by_role("button", name="Controleren").click()
    await page.get_by_role("button", name="Alles indienen").click()
    await expect(page.get_by_role("status")).to_contain_text("1 melding ingediend")
    await page.get_by_role("link", name="Naar de meldingen").click()
    await page.get_by_role("row", name="karton").first.get_by_role("link").click()
    await page.get_by_role("link", name="Verbeteren").click()
    await page.get_by_label("Beschrijving").fill("Ook glas")
    await page.get_by_role("button", name="Verbetering indienen").click()
    await expect(page.get_by_role("status")).to_have_text("Bewaard.")
    await page.screenshot(path=screenshots / "register-report.png", full_page=True)
    await page.get_by_role("link", name="Annuleren").click()
    await page.get_by_label("Waarom").fill("Proef")
    await page.get_by_role("button", name="Melding annuleren").click()
    await expect(page.get_by_text("geannuleerd")).to_be_visible()
    await page.goto(f"{GATEWAY}/?status=geannuleerd")
    async with page.expect_download() as export:
        await page.get_by_role("link", name="Deze lijst als CSV-bestand").click()
    assert "geannuleerd" in Path(await (await export.value).path()).read_text("utf-8-sig")


def test_a_machine_reports_by_itself(demo: float) -> None:
    token = httpx2.post(
        "http://localhost:8010/op/v1/token",
        auth=("5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be101", "koppeling-peeters-ti"),
        data={"grant_type": "client_credentials", "resource": GATEWAY},
        trust_env=False,
    ).json()["access_token"]
    report = {
        "datum_vaststelling": "2026-01-05",
        "producent": {"naam": "Bakkerij", "ondernemingsnummer": "0400000185", "adres": "Kerkstraat 1"},
        "afvalstromen": ["glas"],
        "omschrijving": "Glas tussen het restafval",
        "eigen_referentie": "weegbrug-1",
    }
    address, bearer = f"{GATEWAY}/api/v1/meldingen", {"authorization": f"Bearer {token}"}
    made = [httpx2.post(address, json=report, headers=bearer, trust_env=False) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 200], made[0].text
    assert made[0].json()["indiener"]["organisatie"] == "0456789034"
    assert httpx2.get(f"{GATEWAY}/", headers=bearer, trust_env=False).status_code == 403
    assert httpx2.post(address, json=report, trust_env=False).status_code == 401


@pytest.mark.parametrize("persona", ["zonder-recht", "verkeerde-context", "verlopen"])
async def test_a_refused_person_reads_what_is_missing_and_who_helps(
    demo: float, page: Page, screenshots: Path, persona: str
) -> None:
    await page.goto(f"{GATEWAY}/")
    await log_in(page, persona)
    assert page.url == f"{GATEWAY}/"
    text = await page.locator("body").inner_text()
    for words in ("OVAM Gebruiker", "Non-conformiteiten indiener", "lokale beheerder van uw organisatie", "Mijn Profiel", "1700", "+32 2 553 1700"):  # fmt: skip
        assert words in text
    assert (
        await page.get_by_role("link", name="Mijn Profiel").first.get_attribute("href")
        == "http://localhost:8010/mijnprofiel"
    )
    await page.screenshot(path=screenshots / f"denied-{persona}.png", full_page=True)


async def test_signing_out_and_in_again(demo: float, page: Page) -> None:
    await page.goto(f"{GATEWAY}/")
    await log_in(page, "indiener")
    await page.get_by_role("link", name="Afmelden").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("U bent afgemeld")
    await page.goto(f"{GATEWAY}/")
    assert page.url.startswith("http://localhost:8010/op/login")


def test_the_login_command(demo: float) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "simulator", "login", *arguments],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    done = run(GATEWAY, "--as", "indiener")
    assert done.returncode == 0
    cookie = done.stdout.strip()
    for gateway, status in ((GATEWAY, 200), ("http://localhost:8100", 401)):
        answer = httpx2.get(f"{gateway}/", headers={"cookie": cookie}, trust_env=False)
        assert answer.status_code == status
    refused = run(GATEWAY, "--as", "niemand")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "does not offer 'niemand'" in refused.stderr
    assert run("http://localhost:9", "--as", "indiener").returncode == 1
