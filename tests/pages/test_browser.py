"""The pages as a browser shows them, under the headers that guard them."""

import itertools
from typing import Any

import pytest
from playwright.async_api import Browser

from gateway.model import CanonicalRequest, Identity
from gateway.pages.access import MyAccess
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
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
