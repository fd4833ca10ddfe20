"""The register's pages in a real browser: by keyboard alone, at 320 pixels, with names and contrast for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from gateway.model import Identity
from tests.simulator.register.conftest import INGE, OLIVIA, Office, office_in, report
from tests.simulator.register.test_pages import TYPED, png, send

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).parent.parent.parent.parent / "screenshots"
PAGES = ("/", "/?van=gisteren", "/meldingen/nieuw", "/meldingen/1", "/meldingen/1/bewerken", "/meldingen/1/annuleren",
         "/meldingen/opladen", "/producenten", "/weg")  # fmt: skip

# What a page gets wrong: controls without a name, ids that stand twice, headings that skip a level, text that is too
# faint (WCAG 2.2, 1.4.3: 4.5 to 1, 3 to 1 for large text), references to nothing.
LOOK = """() => {
  const wrong = [];
  const seen = new Set();
  for (const each of document.querySelectorAll('[id]')) {
    if (seen.has(each.id)) wrong.push('id twice: ' + each.id);
    seen.add(each.id);
  }
  for (const each of document.querySelectorAll('[aria-describedby]'))
    for (const id of each.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)) wrong.push('describedby nothing: ' + id);
  for (const each of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(each.getAttribute('href').slice(1))) wrong.push('link to nothing: ' + each.href);
  for (const each of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!each.labels.length || !each.labels[0].textContent.trim()) wrong.push('no label: ' + each.name);
  for (const each of document.querySelectorAll('button, a'))
    if (!(each.textContent.trim() || each.getAttribute('aria-label') || each.querySelector('img[alt]'))) wrong.push('no name: ' + each.outerHTML);
  let level = 0;
  for (const each of document.querySelectorAll('h1, h2, h3')) {
    const now = Number(each.tagName[1]);
    if (now > level + 1) wrong.push('heading skips: ' + each.innerText);
    level = now;
  }
  const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = (rgb) => 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2]);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const rgb = numbers(getComputedStyle(at).backgroundColor);
      if (rgb.length === 3 || rgb[3] === 1) return rgb;
    }
    return [255, 255, 255];
  };
  for (const each of document.querySelectorAll('body *')) {
    const text = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!text || !each.checkVisibility()) continue;
    const style = getComputedStyle(each);
    const [a, b] = [light(numbers(style.color)), light(ground(each))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) wrong.push('faint: ' + each.innerText.slice(0, 40));
  }
  if (document.documentElement.lang !== 'nl') wrong.push('language');
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('wider than the window: ' + document.documentElement.scrollWidth);
  return wrong;
}"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    SCREENSHOTS.mkdir(exist_ok=True)
    with office_in(tmp_path_factory.mktemp("browser")) as office:
        inge = office.visit(INGE)
        send(inge, "/meldingen/nieuw", **TYPED)
        csrf = inge.get("/meldingen/1").text.split('name="csrf" value="')[1].split('"')[0]
        inge.post("/meldingen/1/fotos", data={"csrf": csrf}, files={"fotos": ("karton.png", png(40))})
        send(inge, "/meldingen/1/bewerken", version="1", **{**TYPED, "description": "Alleen glas"})
        batch = [
            report(
                omschrijving=f"Rolcontainer {number}", afvalstromen=["pmd", "hout", "aeea"][: number % 3 + 1]
            )
            for number in range(30)
        ]
        inge.post("/api/v1/meldingen/batch", json={"meldingen": batch})
        inge.post("/api/v1/meldingen/5/annulering", json={"reden": "Dubbel gemeld"})
        send(
            inge,
            "/meldingen/nieuw",
            producer_name="Slagerij Van een heel lange naam zonder einde nv",
            concept="1",
        )
        yield office


async def opened(browser: Browser, office: Office, who: Identity, **options: Any) -> Page:
    context = await browser.new_context(
        base_url=office.url, locale="nl-BE", extra_http_headers={"x-toegangspoort-assertion": office.sign(who)}, **options
    )  # fmt: skip
    page = await context.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.fixture
async def wide(browser: Browser, shared: Office) -> AsyncIterator[Page]:
    page = await opened(browser, shared, INGE, viewport={"width": 1100, "height": 900})
    yield page
    await page.context.close()


@pytest.fixture
async def narrow(browser: Browser, shared: Office) -> AsyncIterator[Page]:
    page = await opened(browser, shared, INGE, viewport={"width": 320, "height": 640})
    yield page
    await page.context.close()


async def test_every_page_is_fit_for_everybody(wide: Page, narrow: Page) -> None:
    for path in PAGES:
        name = path.strip("/").replace("/", "-").replace("?", "-") or "lijst"
        for page, size in ((wide, "breed"), (narrow, "smal")):
            await page.goto(path)
            await page.screenshot(path=SCREENSHOTS / f"register-{name}-{size}.png", full_page=True)
            assert (path, size, await page.evaluate(LOOK)) == (path, size, [])


async def test_refusals_lead_to_the_fields(wide: Page, narrow: Page) -> None:
    for page, size in ((wide, "breed"), (narrow, "smal")):
        await page.goto("/meldingen/nieuw")
        await page.get_by_label("Datum van de vaststelling").fill("31/12/2099")
        await page.get_by_label("Er zat gevaarlijk afval bij").check()
        await page.get_by_role("button", name="Indienen", exact=True).click()
        await expect(page.get_by_role("alert")).to_be_focused()
        await expect(page.get_by_label("Datum van de vaststelling")).to_have_value("31/12/2099")
        await expect(page).to_have_title(
            "Fout: Nieuwe melding – Centraal non-conformiteitenregister (simulatie)"
        )
        await page.get_by_role("link", name="Vul de naam van de afvalproducent in.").click()
        await expect(page.get_by_label("Naam van de afvalproducent")).to_be_focused()
        assert await page.evaluate(LOOK) == []
        await page.screenshot(path=SCREENSHOTS / f"register-fouten-{size}.png", full_page=True)


async def test_a_report_by_keyboard_alone(wide: Page) -> None:
    await wide.goto("/meldingen/nieuw")
    await wide.keyboard.press("Tab")
    await expect(wide.get_by_role("link", name="Naar de inhoud")).to_be_focused()
    await wide.keyboard.press("Enter")
    for key in ("Tab",):
        await wide.keyboard.press(key)
    await expect(wide.get_by_label("Datum van de vaststelling")).to_be_focused()
    await wide.keyboard.press("Tab")
    await wide.keyboard.press("Tab")
    await wide.keyboard.type("Frituur Het Hoekje")
    await wide.keyboard.press("Tab")
    await wide.keyboard.type("0400.000.185")
    await wide.keyboard.press("Tab")
    await wide.keyboard.type("Markt 3, 2800 Mechelen")
    for _ in range(3):
        await wide.keyboard.press("Tab")
    await wide.keyboard.press("Space")
    await wide.get_by_label("Beschrijving").focus()
    await wide.keyboard.type("Olie")
    await wide.keyboard.press("Tab")
    await wide.get_by_role("button", name="Indienen", exact=True).focus()
    await wide.keyboard.press("Enter")
    await expect(wide.get_by_role("status")).to_contain_text("NC-2026-")
    await expect(wide.get_by_role("row", name="Frituur Het Hoekje")).to_contain_text("klein gevaarlijk afval")


async def test_a_file_with_errors_and_one_without(wide: Page, narrow: Page) -> None:
    header = "datum_vaststelling;producent_naam;producent_ondernemingsnummer;producent_adres;afvalstromen;omschrijving\n"
    good = "20/11/2026;Bakkerij;0400.000.185;Kerkstraat 1;glas;Glas\n"
    for page, size in ((wide, "breed"), (narrow, "smal")):
        for name, rows in (("fouten", good + "20/11/2099;;123;x;goud;y\n"), ("voorbeeld", good * 12)):
            await page.goto("/meldingen/opladen")
            file = {"name": "m.csv", "mimeType": "text/csv", "buffer": (header + rows).encode()}
            await page.get_by_label("CSV-bestand").set_input_files(file)  # type: ignore[arg-type]
            await page.get_by_role("button", name="Controleren").click()
            await page.screenshot(path=SCREENSHOTS / f"register-csv-{name}-{size}.png", full_page=True)
            assert await page.evaluate(LOOK) == []
        await page.get_by_role("button", name="Alles indienen").click()
        await expect(page.get_by_role("status")).to_contain_text("12 meldingen ingediend")


async def test_who_reads_all_sees_who_submitted(browser: Browser, shared: Office) -> None:
    page = await opened(browser, shared, OLIVIA, viewport={"width": 1100, "height": 900})
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Alle meldingen")
    await expect(page.get_by_role("columnheader", name="Indiener")).to_be_visible()
    await expect(page.get_by_role("link", name="Melden", exact=True)).to_have_count(0)
    await page.screenshot(path=SCREENSHOTS / "register-alles.png", full_page=True)
    await page.context.close()
