"""The pages as a browser shows them, under the headers that guard them."""

import itertools
from typing import Any

import pytest
from playwright.async_api import Browser

from gateway.model import CanonicalRequest, Identity
from gateway.pages.access import MyAccess
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.reference import reference_of
from gateway.responses import Response
from tests.pages.conftest import Asks
from tests.pages.test_access import LASTING, REACH
from tests.pages.test_denial import DENIALS
from tests.running import serving

pytestmark = pytest.mark.browser


def serve(answer: Response) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": list(answer.raw_headers)}
        )
        await send({"type": "http.response.body", "body": answer.body})

    return app


@pytest.fixture(params=["denied", "access"])
def answer(
    request: pytest.FixtureRequest, pages: Pages, answers: ErrorResponses, indiener: Identity, asks: Asks
) -> Response:
    if request.param == "denied":
        asked: CanonicalRequest = asks()
        return answers.error(DENIALS["grant"], request_id="r", request=asked, identity=indiener)
    return MyAccess(pages, public_url="x").page("nl", identity=indiener, reach=REACH, lasting=LASTING)


@pytest.mark.parametrize("width", [320, 1200])
async def test_styled_readable_and_within_the_screen(browser: Browser, answer: Response, width: int) -> None:
    with serving(serve(answer), lifespan="off") as running:
        page = await browser.new_page(viewport={"width": width, "height": 800})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(running.url)
        # Chromium itself logs the status of a document that is not a 2xx.
        assert [each for each in complaints if "403 (Forbidden)" not in each] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(244, 246, 247)"
        await page.keyboard.press("Tab")
        focused = await page.evaluate("document.activeElement.className")
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert (focused, outline) == ("skip", "solid")
        assert await page.locator("h1").count() == 1
        levels = await page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        await page.close()


async def test_the_request_is_copied_by_the_one_script_that_may_run(
    browser: Browser, answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    denied = answers.error(DENIALS["grant"], request_id="r", request=asks(), identity=indiener)
    with serving(serve(denied), lifespan="off") as running:
        context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        await page.goto(running.url)
        await page.get_by_role("link", name="Vraag toegang").click()
        await page.get_by_text("Gekopieerd.").wait_for()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == await page.locator("#request-text").input_value()
        await page.get_by_role("button", name="Kopieer de referentie").click()
        await page.wait_for_function("navigator.clipboard.readText().then(text => text.length === 9)")
        assert await page.evaluate("navigator.clipboard.readText()") == reference_of("r")
        await context.close()


async def test_without_scripts_the_request_can_be_selected(
    browser: Browser, answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    denied = answers.error(DENIALS["grant"], request_id="r", request=asks(), identity=indiener)
    with serving(serve(denied), lifespan="off") as running:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(running.url)
        assert await page.get_by_role("button").count() == 0, "no button that does nothing"
        await page.get_by_role("link", name="Vraag toegang").click()
        assert page.url.endswith("#request")
        assert "Zo\u00eb Peeters" in await page.get_by_label("Het bericht").input_value()
        await context.close()


async def test_nothing_is_cut_off_on_paper(
    browser: Browser, answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    pages = [
        answers.error(DENIALS[name], request_id="r", request=asks(), identity=indiener)
        for name in ("mail", "switch")
    ]
    page = await browser.new_page()
    await page.emulate_media(media="print")
    await page.set_content(pages[0].body.decode())
    assert await page.evaluate(
        "(() => { const text = document.querySelector('textarea'); return text.scrollHeight <= text.clientHeight })()"
    )
    assert await page.get_by_role("button").count() == 0, "nobody presses paper"
    button = "getComputedStyle(document.querySelector('a.button'), '::after').content"
    assert await page.evaluate(button) == "none", "the message is printed once, and not as an address"
    await page.set_content(pages[1].body.decode())
    assert await page.get_by_text("Vraag dit aan de lokale beheerder").is_visible(), "other ways are printed"
    await page.close()
