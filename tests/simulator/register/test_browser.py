"""The register's pages in a browser: readable, at 320 pixels too, and silent in the console."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, ConsoleMessage, expect

from tests.e2e.readable import faults_of
from tests.simulator.register.conftest import INGE, OLIVIA, Office, report

pytestmark = pytest.mark.browser


async def test_every_page_can_be_read_and_used(office: Office, browser: Browser) -> None:
    for number in range(12):
        office.call("POST", "/api/v1/meldingen", INGE, json=report(omschrijving=f"Rolcontainer {number}"))
    context = await browser.new_context(base_url=office.url, locale="nl-BE", extra_http_headers=INGE)
    errors: list[str] = []

    def noted(message: ConsoleMessage) -> None:
        # This register has no decision point to ask about its buttons, and says so.
        if message.type == "error" and not message.location["url"].endswith("/knoppen"):
            errors.append(message.text)

    context.on("console", noted)
    page = await context.new_page()
    for path in ("/", "/ncr/melding.xhtml?id=1", "/ncr/nieuw.xhtml", "/ncr/opladen.xhtml", "/ncr/live.xhtml"):
        await page.goto(path)
        assert await faults_of(page) == [], path
    for path, button in (("/ncr/nieuw.xhtml", "Indienen"), ("/ncr/opladen.xhtml", "Opladen en indienen")):
        await page.goto(path)
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await faults_of(page) == [], button
    await page.goto("/ncr/meldingen.xhtml")
    await page.get_by_role("button", name="Volgende").click()
    await expect(page.get_by_text("Pagina 2 van 2")).to_be_visible()
    assert await faults_of(page) == []
    assert errors == []
    await page.goto("/ncr/weg.xhtml")
    assert await faults_of(page) == []
    await context.close()


async def test_a_script_says_what_went_wrong(office: Office, browser: Browser) -> None:
    context = await browser.new_context(base_url=office.url, locale="nl-BE", extra_http_headers=OLIVIA)
    page = await context.new_page()
    await page.goto("/ncr/meldingen.xhtml")
    office.clock.now += 3_600
    await page.get_by_role("button", name="Zoeken").click()
    await expect(page.get_by_text("Deze pagina is verlopen")).to_be_visible()
    await context.close()
