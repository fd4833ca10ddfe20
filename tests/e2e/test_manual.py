"""The manual, lived from its first page to its last: a local administrator gives somebody access and takes it away.

Everything runs on ports that the system chose, with one clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from simulator.data.directory import Directory, file_of
from simulator.dates import belgian_date
from simulator.register.app import create_register
from simulator.run import running
from tests import gateways
from tests.e2e.conftest import Picture
from tests.e2e.readable import faults_of
from tests.gateway_fixture import GatewayFixture, gateway_fixture, simulated
from tests.simulator.acm.relying_party import Clock

pytestmark = pytest.mark.browser

RULES = [
    {"id": "assets", "match": {"path": "/ncr/javax.faces.resource/{name}"}, "require": ["anyone"]},
    {"id": "register", "match": {"path": "/**"}, "require": [{"right": {"right": "indiener"}}]},
]
IDENTITY = {
    **gateways.IDENTITY,
    "headers": {**gateways.IDENTITY["headers"], "X-Auth-Organisation-Name": "organisation.name"},
}
RECHECK, GRACE, IDLE = 900, 600, 1_200


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[GatewayFixture]:
    """Gateway, ACM with Gebruikersbeheer and Mijn Profiel, and register."""
    folder = tmp_path_factory.mktemp("manual")
    directory = Directory(file_of(folder, "ti"), "ti", clock)
    directory.open()
    session = {
        "recheck": f"{RECHECK}s",
        "recheck_grace": f"{GRACE}s",
        "idle_timeout": f"{IDLE}s",
        "cache_ttl": "0s",
    }
    with (
        running(
            lambda url: create_register(inside=url, environment="ti", clock=clock)
        ) as register_url,
        gateway_fixture(
            folder, backend=register_url, clock=clock, provider=simulated(directory), rules=RULES, identity=IDENTITY,
            session=session, paths={"parameters": "strip"},
        ) as found,
    ):  # fmt: skip
        yield found


async def window(browser: Browser, *, scripts: bool = True) -> tuple[BrowserContext, Page]:
    context = await browser.new_context(
        locale="nl-BE", viewport={"width": 1000, "height": 900}, java_script_enabled=scripts
    )
    page = await context.new_page()
    page.set_default_timeout(60_000)
    return context, page


@pytest.fixture
async def bea(browser: Browser) -> AsyncIterator[Page]:
    """The window of the administrator."""
    context, page = await window(browser)
    yield page
    await context.close()


@pytest.fixture
async def nora(browser: Browser) -> AsyncIterator[Page]:
    """The window of the new employee."""
    context, page = await window(browser)
    yield page
    await context.close()


class Album:
    """Pictures of pages that can be read and used."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._count = 0

    async def keep(self, page: Page, name: str) -> None:
        self._count += 1
        await page.wait_for_load_state()
        await self._picture(page, f"manual-{self._count:02}-{name}")
        assert await faults_of(page) == [], name


async def log_in(page: Page, words: str) -> None:
    await page.get_by_role("button", name="itsme").click()
    await page.get_by_role("button", name=words).click()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_the_manual_from_first_to_last_page(
    everything: GatewayFixture, clock: Clock, bea: Page, nora: Page, picture: Picture
) -> None:
    acm, gateway, album = everything.acm.base, everything.url, Album(picture)
    today = belgian_date(everything.acm.people().today)
    in_a_year = belgian_date(everything.acm.people().today + timedelta(days=365))

    # 1) Log in to Gebruikersbeheer
    await bea.goto(f"{acm}/gebruikersbeheer")
    await album.keep(bea, "gebruikersbeheer")
    await bea.get_by_role("link", name="Aanmelden", exact=True).click()
    await log_in(bea, "(beheerder)")
    await expect(bea.get_by_role("heading", level=1)).to_have_text("Dag Bea")
    await album.keep(bea, "start")

    # 2) Add a user by national number
    await bea.get_by_role("navigation").get_by_role("link", name="Personen").click()
    await album.keep(bea, "personen")
    await bea.get_by_role("link", name="Voeg een nieuwe persoon toe").click()
    await bea.get_by_label("Rijksregisternummer").fill("94.05.17-046.96")
    await press(bea, "Zoek in het Rijksregister")
    await expect(bea.get_by_role("alert")).to_contain_text("controlecijfers")
    await album.keep(bea, "nummer-fout")
    await bea.get_by_role("alert").get_by_role("link").click()
    await expect(bea.get_by_label("Rijksregisternummer")).to_be_focused()
    await expect(bea.get_by_label("Rijksregisternummer")).to_have_value("94.05.17-046.96")
    await bea.get_by_label("Rijksregisternummer").fill("94.05.17-046.95")
    await press(bea, "Zoek in het Rijksregister")
    for words in ("Janssens", "Nora", "17/05/1994", "Vrouw"):
        await expect(bea.get_by_role("definition").filter(has_text=words).first).to_be_visible()
    await bea.get_by_label("Reden van toelating").fill("Nieuwe medewerker milieu")
    await album.keep(bea, "reden")
    await press(bea, "Verder")
    await album.keep(bea, "persoon-bevestigen")
    await press(bea, "Bevestig")
    await expect(bea.get_by_role("status")).to_contain_text("De persoon is toegevoegd")
    await album.keep(bea, "persoon")

    # 3) Link the user to the organisation
    await bea.get_by_role("link", name="Koppel aan uw organisatie").click()
    await press(bea, "Verder")
    await album.keep(bea, "werkrelatie-fout")
    await bea.get_by_label("Categorie").select_option("Vaste medewerker")
    await bea.get_by_label("Begindatum").fill(today)
    await bea.get_by_label("E-mailadres").fill("nora.janssens@peeters.example")
    await bea.get_by_label("Telefoonnummer").fill("+32 3 000 00 11")
    await album.keep(bea, "werkrelatie")
    await press(bea, "Verder")
    await press(bea, "Bevestig")
    await expect(bea.get_by_role("status")).to_contain_text("De werkrelatie is aangemaakt")

    # She can log in, but has no right yet
    await nora.goto(f"{gateway}/")
    await log_in(nora, "Nora Janssens")
    await expect(nora.locator("body")).to_contain_text("Non-conformiteiten indiener")
    await picture(nora, "manual-nora-refused")
    await nora.goto(f"{acm}/mijnprofiel")
    await album.keep(nora, "mijn-profiel")
    await nora.get_by_role("link", name="Aanmelden", exact=True).click()
    await album.keep(nora, "hoedanigheid")
    await nora.get_by_role("button", name="Containerdienst Peeters nv").click()
    await album.keep(nora, "mijn-profiel-start")
    await nora.get_by_role("navigation").get_by_role("link", name="Mijn gebruikersrechten").click()
    await expect(nora.locator("main")).to_contain_text("nog geen gebruikersrechten")
    await nora.get_by_role("navigation").get_by_role("link", name="Mijn lokale beheerders").click()
    await expect(nora.locator("main")).to_contain_text("Bea Hermans")
    await album.keep(nora, "mijn-lokale-beheerders")

    # 4) Give the user the right
    await bea.get_by_role("link", name="Ken gebruikersrecht toe").click()
    await bea.get_by_label("Type gebruikersrecht").select_option("OVAM Gebruiker")
    await album.keep(bea, "type-recht")
    await press(bea, "Verder")
    await bea.get_by_label("Begindatum").fill(today)
    await bea.get_by_label("Einddatum").fill(in_a_year)
    await bea.get_by_role("button", name="Non-conformiteiten indiener").click()
    chosen = bea.get_by_role("list", name="Geselecteerd").get_by_role(
        "button", name="Non-conformiteiten indiener"
    )
    await expect(chosen).to_be_focused()
    await bea.get_by_label("Reden").fill("Dient de meldingen van de dienst in")
    await album.keep(bea, "recht")
    await press(bea, "Verder")
    await album.keep(bea, "recht-bevestigen")
    await press(bea, "Bevestig")
    await expect(bea.get_by_role("status")).to_contain_text("Het gebruikersrecht is toegekend")
    await album.keep(bea, "rechten-van-een-persoon")
    await nora.get_by_role("navigation").get_by_role("link", name="Mijn gebruikersrechten").click()
    await expect(nora.locator("main section")).to_contain_text("geldig")
    await album.keep(nora, "mijn-gebruikersrechten")

    # The person can now safely log in to the register
    await nora.goto(f"{gateway}/oauth2/sign_out")
    await nora.goto(f"{gateway}/")
    await log_in(nora, "Nora Janssens")
    await expect(nora.get_by_role("heading", level=1)).to_have_text(
        "Meldingen van Containerdienst Peeters nv"
    )
    await nora.get_by_role("link", name="Nieuwe melding").click()
    await nora.get_by_label("Naam van de afvalproducent").fill("Bakkerij De Korenaar")
    await nora.get_by_label("Ondernemingsnummer").fill("0400.000.185")
    await nora.get_by_label("Adres van de inzameling").fill("Kerkstraat 1, 2000 Antwerpen")
    await nora.get_by_label("Afvalstroom").select_option("papier en karton")
    await nora.get_by_label("Omschrijving").fill("Karton tussen het restafval")
    await press(nora, "Indienen")
    await expect(nora.get_by_text("Uw melding is ingediend")).to_contain_text("NC-")
    await picture(nora, "manual-nora-reported")

    # The administrator takes the right away; the gateway sees it within its recheck
    await bea.get_by_role("link", name="Trek in").click()
    await bea.get_by_label("Reden").fill("Ander werk")
    await album.keep(bea, "intrekken")
    await press(bea, "Verder")
    await press(bea, "Bevestig")
    await expect(bea.locator("main section")).to_contain_text("ingetrokken")
    await album.keep(bea, "ingetrokken")
    clock.now += RECHECK - 60
    await nora.goto(f"{gateway}/")
    await expect(nora.get_by_role("heading", level=1)).to_have_text(
        "Meldingen van Containerdienst Peeters nv"
    )
    clock.now += 61
    await nora.goto(f"{gateway}/")
    await expect(nora.locator("body")).to_contain_text("Non-conformiteiten indiener")
    await expect(nora.get_by_role("link", name="Nieuwe melding")).to_have_count(0)
    await picture(nora, "manual-nora-closed")
    await nora.goto(f"{acm}/mijnprofiel/gebruikersrechten")
    await expect(nora.locator("main section")).to_contain_text("ingetrokken")
    await album.keep(nora, "mijn-gebruikersrechten-ingetrokken")

    # What was done can be read
    await bea.get_by_role("navigation").get_by_role("link", name="Gebruikersrechten").click()
    await album.keep(bea, "gebruikersrechten")
    await bea.get_by_role("navigation").get_by_role("link", name="Geschiedenis").click()
    for words in (
        "Persoon toegevoegd",
        "Werkrelatie aangemaakt",
        "toegekend",
        "ingetrokken",
        "door Bea Hermans",
    ):
        await expect(bea.locator("main")).to_contain_text(words)
    await album.keep(bea, "geschiedenis")


async def test_a_form_outlives_the_session_and_finds_its_view_again(
    everything: GatewayFixture, clock: Clock, browser: Browser
) -> None:
    context, page = await window(browser)
    await page.goto(f"{everything.url}/ncr/nieuw.xhtml")
    await log_in(page, "(indiener)")
    await page.get_by_label("Naam van de afvalproducent").fill("Café De Korenaar")
    await page.get_by_label("Ondernemingsnummer").fill("0400.000.185")
    await page.get_by_label("Adres van de inzameling").fill("Kerkstraat 1, 2000 Antwerpen")
    await page.get_by_label("Afvalstroom").select_option("glas")
    await page.get_by_label("Omschrijving").fill("Glas")
    await expect(page.get_by_text("Dit nummer is geldig")).to_be_visible()
    clock.now += IDLE + 1  # the register's own session goes on for half an hour
    await press(page, "Indienen")
    await page.get_by_role("link", name="Aanmelden").click()
    await page.wait_for_url(f"{everything.url}/oauth2/resume?form=*")
    await press(page, "Nu versturen")
    await expect(page.get_by_text("Uw melding is ingediend")).to_contain_text("NC-")
    await expect(page.get_by_role("cell", name="Café De Korenaar")).to_be_visible()
    await context.close()


async def test_contexts_are_chosen_by_keyboard_and_without_scripts(
    everything: GatewayFixture, browser: Browser
) -> None:
    context, page = await window(browser, scripts=False)
    await page.goto(f"{everything.acm.base}/gebruikersbeheer/start")
    await log_in(page, "(beheerder)")
    await page.get_by_role("link", name="Personen").first.click()
    await page.get_by_role("link", name="Ångström-Maes, Zoë").click()
    await page.get_by_role("link", name="Ken gebruikersrecht toe").click()
    await page.get_by_label("Type gebruikersrecht").select_option("OVAM Gebruiker")
    await page.get_by_role("button", name="Verder").click()
    await page.get_by_label("Einddatum").fill("x")
    await page.keyboard.press("Tab")
    for side in ("Geselecteerd", "Beschikbaar", "Geselecteerd"):
        await page.keyboard.press("Enter")
        moved = page.get_by_role("list", name=side).get_by_role("button", name="Non-conformiteiten indiener")
        await expect(moved).to_be_focused()
    await expect(page.get_by_label("Einddatum")).to_have_value("x")
    await page.get_by_label("Einddatum").press("Enter")  # sends the form, moves nothing
    await expect(page.get_by_role("alert")).to_contain_text("bestaande datum")
    await expect(page.get_by_role("list", name="Geselecteerd").get_by_role("button")).to_have_count(1)
    await context.close()
