"""A form that met an ended session, in a real browser: without scripts, and with nothing but the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("resume"), session={"idle_timeout": "30m"}) as found:
        yield found


async def test_a_kept_form_is_sent_by_keyboard(gate: GatewayFixture, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="nl-BE")
    page = await context.new_page()
    await page.goto(f"{gate.url}/form")
    await page.wait_for_url(f"{gate.url}/form")  # without scripts a page in between leads on
    gate.clock.ahead += 1_801
    await page.get_by_role("button", name="Verstuur").press("Enter")
    await page.wait_for_url(f"{gate.url}/oauth2/resume?form=*")
    assert [each for each in gate.upstream.seen if each[0] == "POST"] == []
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.locator("button:focus").count():
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{gate.url}/echo/meldingen?jaar=2026*")
    (sent,) = [each for each in gate.upstream.seen if each[0] == "POST"]
    assert sent[1] == "/echo/meldingen?jaar=2026"
    assert "é & more".encode() in sent[3]
    await page.go_back()
    await page.reload()
    assert "niet meer bewaard" in await page.content()
    await context.close()
