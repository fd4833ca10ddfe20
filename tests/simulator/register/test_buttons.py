"""Buttons that say beforehand whether they can be used: the register of the simulation behind a gateway, in a browser."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from simulator.data.directory import Directory, file_of
from simulator.register.app import create_register
from simulator.register.buttons import DecisionPoint
from simulator.run import running
from tests.decision_point.asking import callers
from tests.e2e.readable import faults_of
from tests.gateway_fixture import GatewayFixture, gateway_fixture, simulated
from tests.gateways import IDENTITY
from tests.running import free_socket
from tests.simulator.acm.relying_party import Clock
from tests.simulator.register.conftest import INGE, Office

pytestmark = pytest.mark.browser

RULES = [
    {"id": "assets", "match": {"path": "/ncr/javax.faces.resource/{name}"}, "require": ["anyone"]},
    {"id": "new", "match": {"path": "/ncr/nieuw.xhtml"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "upload", "match": {"path": "/ncr/opladen.xhtml"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "register", "match": {"path": "/**"}, "require": ["authenticated"]},
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder, clock = tmp_path_factory.mktemp("buttons"), Clock()
    directory = Directory(file_of(folder, "ti"), "ti", clock)
    directory.open()
    with contextlib.ExitStack() as stack:
        # Until the register listens there, nobody else gets the port.
        port = stack.enter_context(free_socket()).getsockname()[1]
        found = stack.enter_context(
            gateway_fixture(
                folder,
                backend=f"http://127.0.0.1:{port}",
                clock=clock,
                provider=simulated(directory),
                rules=RULES,
                identity=IDENTITY,
                paths={"parameters": "strip"},
                authzen={"callers": callers(folder, register={})},
            )
        )
        point = DecisionPoint(f"http://127.0.0.1:{found.authzen_port}", folder / "register.token")
        stack.enter_context(
            running(
                lambda url: create_register(inside=url, environment="ti", clock=clock, decisions=point),
                port=port,
            )
        )
        yield found


@contextlib.asynccontextmanager
async def visit(browser: Browser, url: str, persona: str = "", **options: Any) -> AsyncIterator[Page]:
    """The list of reports on a telephone, after the script asked about its buttons."""
    context = await browser.new_context(locale="nl-BE", viewport={"width": 360, "height": 740}, **options)
    page = await context.new_page()
    page.set_default_timeout(60_000)
    async with page.expect_response("**/ncr/knoppen") as answered:
        await page.goto(f"{url}/ncr/meldingen.xhtml")
        if persona:
            await page.get_by_role("button", name="itsme").click()
            await page.get_by_role("button", name=f"({persona})").click()
    await (await answered.value).finished()
    yield page
    await context.close()


async def test_who_lacks_the_right_reads_why_and_presses_in_vain(
    gate: GatewayFixture, browser: Browser
) -> None:
    async with visit(browser, gate.url, "ovam") as page:
        for name in ("Melding toevoegen", "Meldingen opladen"):
            button = page.get_by_role("button", name=name)
            await expect(button).to_have_attribute("aria-disabled", "true")
            await expect(button).to_have_accessible_description(
                re.compile("geen toegang.*OVAM Gebruiker.*Vraag dit aan de lokale beheerder")
            )
        await page.evaluate("greyOutButtons()")
        await expect(page.locator(".why-not")).to_have_count(2)
        await expect(page.locator(".why-not").first).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Melding toevoegen").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Meldingen opladen").click(force=True)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Alle meldingen")
        assert page.url.partition("?")[0].endswith("/ncr/meldingen.xhtml")


async def test_who_has_it_uses_the_buttons(gate: GatewayFixture, browser: Browser) -> None:
    async with visit(browser, gate.url, "indiener") as page:
        await expect(page.locator(".why-not, [aria-disabled]")).to_have_count(0)
        await page.get_by_role("button", name="Melding toevoegen").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nieuwe melding")


async def test_without_an_answer_buttons_stay_and_the_page_says_so(office: Office, browser: Browser) -> None:
    async with visit(browser, office.url, extra_http_headers=dict(INGE)) as page:
        await expect(page.get_by_text("We konden niet nagaan welke knoppen")).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Melding toevoegen").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nieuwe melding")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"evaluations": [1]}', b'{"evaluations": [{"action": {}}]}', b"\xff"]
)
def test_what_is_no_question_is_refused(office: Office, body: bytes) -> None:
    assert office.call("POST", "/ncr/knoppen", INGE, content=body).status_code == 400
