"""A form that met an ended session, in a real browser: without scripts, and with nothing but the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


SETTINGS = {"idle_timeout": "30m", "form_limit": 4_000_000}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("resume"), session=SETTINGS) as found:
        yield found


async def form_after_the_session(
    gate: GatewayFixture, context: BrowserContext, file: Path, size: int
) -> Page:
    """A filled-in form of a register whose CSP says form-action 'self'; the session has ended."""
    gate.upstream.seen.clear()
    page = await context.new_page()
    await page.goto(f"{gate.url}/form")
    await page.wait_for_url(f"{gate.url}/form")  # without scripts a page in between leads on
    file.write_bytes(b"\x89PNG" + b"x" * size)
    await page.set_input_files("input[type=file]", [file])
    gate.clock.ahead += 1_801
    return page


def sent(gate: GatewayFixture) -> list[bytes]:
    return [each[3] for each in gate.upstream.seen if each[0] == "POST"]


async def press(page: Page, role: Literal["button", "link"], name: str) -> None:
    """With nothing but the keyboard."""
    await page.get_by_role(role, name=name).focus()
    await page.keyboard.press("Enter")


async def test_a_kept_form_is_sent_by_keyboard(
    gate: GatewayFixture, browser: Browser, tmp_path: Path
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="nl-BE")
    page = await form_after_the_session(gate, context, tmp_path / "foto.png", 3_000_000)
    await press(page, "button", "Verstuur")
    await page.get_by_role("heading", name="Meld u aan om uw formulier te versturen").wait_for()
    await press(page, "link", "Aanmelden")
    await page.wait_for_url(f"{gate.url}/oauth2/resume?form=*")
    assert sent(gate) == []
    # The session of the page that asks ends too: its own CSP holds up no login either.
    gate.clock.ahead += 1_700
    await context.clear_cookies(name=gate.session_cookie)
    await press(page, "button", "Nu versturen")
    await page.get_by_role("heading", name="Meld u aan om uw formulier te versturen").wait_for()
    await press(page, "link", "Aanmelden")
    await page.wait_for_url(f"{gate.url}/oauth2/resume?form=*")
    await press(page, "button", "Nu versturen")
    await page.wait_for_url(f"{gate.url}/echo/meldingen?jaar=2026*")
    (body,) = sent(gate)
    assert "\u00e9 & more".encode() in body
    assert len(body) > 3_000_000
    await page.go_back()
    await page.reload()
    await page.get_by_role("heading", name="Uw formulier is al verstuurd").wait_for()
    await context.close()


async def test_a_form_that_is_too_large_is_sent_by_reloading(
    gate: GatewayFixture, browser: Browser, tmp_path: Path
) -> None:
    context = await browser.new_context(locale="nl-BE")
    page = await form_after_the_session(gate, context, tmp_path / "foto.png", 5_000_000)
    await page.get_by_role("button", name="Verstuur").click()
    await page.get_by_role("heading", name="Uw formulier is niet verstuurd").wait_for()
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="Aanmelden in een nieuw tabblad").click()
    tab = await opened.value
    await tab.wait_for_url(f"{gate.url}/form")
    await page.reload()
    await page.wait_for_url(f"{gate.url}/echo/meldingen?jaar=2026")
    (body,) = sent(gate)
    assert len(body) > 5_000_000
    await context.close()
