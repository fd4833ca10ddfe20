"""ACM's pages in a real browser: by keyboard alone, on a phone, and with the form that the browser posts by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.acm.app import create_acm
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.run import bind, url_of
from tests.e2e.readable import faults_of
from tests.running import serving
from tests.simulator.acm.conftest import WEB
from tests.simulator.acm.relying_party import Clock, RelyingParty

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 640}


async def callback(request: Request) -> Response:
    """An application that shows how people came back."""
    values = await request.form() if request.method == "POST" else request.query_params
    return HTMLResponse(f"<h1>{request.method} {'code' in values} {values.get('state')}</h1>")


@pytest.fixture(scope="module")
def party() -> Iterator[RelyingParty]:
    sock, application, people = bind(0), bind(0), load_people()
    client = replace(WEB, redirect_uris=(f"{url_of(application)}/callback",))
    state = AcmState("ti", url_of(sock), (client,), lambda: people)
    routes = [Route("/callback", callback, methods=["GET", "POST"])]
    with (
        serving(create_acm(state), sock=sock, lifespan="off"),
        serving(Starlette(routes=routes), sock=application, lifespan="off"),
    ):
        yield RelyingParty(state.issuer, client, Clock())


async def on_a_phone(page: Page, heading: str) -> None:
    """The page of this heading says that it is a simulation, and nothing about it is hard to read or to use."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(page.get_by_role("note")).to_contain_text("Simulatie")
    assert await faults_of(page) == []


async def test_a_login_by_keyboard_on_a_phone(party: RelyingParty, browser: Browser) -> None:
    context = await browser.new_context(locale="nl-BE", viewport=PHONE)
    page = await context.new_page()
    await page.goto(f"{party.issuer}/v1/auth?{urlencode(party.request(response_mode='form_post'))}")
    await on_a_phone(page, "Hoe wilt u zich aanmelden?")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Naar de inhoud")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="eID en")).to_be_focused()
    await page.keyboard.press("Enter")
    await on_a_phone(page, "Wie bent u?")
    number = page.get_by_label("Rijksregisternummer of BIS-nummer")
    await number.fill("85.03.15-123.70")
    await number.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Niemand")
    await expect(number).to_be_focused()
    await expect(number).to_have_value("85.03.15-123.70")
    await on_a_phone(page, "Wie bent u?")
    person = page.get_by_role("button", name="(twee-organisaties)")
    await person.focus()
    await page.keyboard.press("Enter")
    await on_a_phone(page, "Namens welke organisatie meldt u zich aan?")
    await page.get_by_role("button", name="Recuperatie Maasland bv").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("heading", level=1)).to_have_text("POST True the state")
    await context.close()


async def test_a_form_that_is_not_sent_by_itself_has_a_button(party: RelyingParty, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{party.issuer}/v1/auth?{urlencode(party.request(response_mode='form_post'))}")
    await page.get_by_role("button", name="itsme").click()
    await page.get_by_role("button", name="(indiener)").click()
    await page.get_by_role("button", name="Ga verder").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("POST True the state")
    await context.close()


@pytest.mark.parametrize("path", ["/", "/faults", "/op/v1/auth", "/op/v1/logout"])
async def test_each_page_can_be_read(party: RelyingParty, browser: Browser, path: str) -> None:
    page = await browser.new_page(locale="nl-BE", viewport=PHONE)
    await page.goto(party.issuer.removesuffix("/op") + path)
    assert await faults_of(page) == []
    await page.close()
