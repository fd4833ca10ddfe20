"""What people see in Chromium where a frame, a service worker or a script of Faces meets a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.running import RawUpstream

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
FACES = Path(__file__).parent.parent.parent / "simulator/register/resources/jsf.js"
RULES = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "closed", "match": {"path": "/closed/**"}, "require": [{"network": ["203.0.113.0/24"]}]},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
PAGES = {
    "/public/frames": '<h1>Rondom</h1><iframe src="/in" name="in" width="900" height="600"></iframe>',
    "/public/forms": '<form method="post" action="/closed/send" target="in"><button>Verstuur</button></form>'
    '<iframe name="in" width="900" height="600"></iframe>',
    "/public/embedded": '<embed src="/closed/x" width="900" height="600">',
    "/public/faces": '<form id="f" method="post" action="/closed/lijst.xhtml"><button type="button" name="b" '
    "onclick=\"jsf.ajax.request(this, event, {render: 'lijst'})\">Zoek</button></form>"
    '<p id="bericht"></p><script src="/public/jsf.js"></script>',
    "/in": "<p>Binnenin</p>",
    "/worker": "<p>Met werker</p>",
    "/public/worker": "<script>navigator.serviceWorker.register('/sw.js').then("
    "() => navigator.serviceWorker.ready).then(() => document.title = 'klaar')</script>",
}
SCRIPTS = {
    "/sw.js": "addEventListener('activate', e => e.waitUntil(clients.claim()));"
    "addEventListener('fetch', e => e.respondWith(fetch(e.request)))",
    "/public/jsf.js": FACES.read_text("utf-8"),
}


def _answer(head: bytes) -> bytes:
    path = head.split(b" ", 2)[1].decode().partition("?")[0]
    kind, text = (
        ("text/javascript", SCRIPTS[path]) if path in SCRIPTS else ("text/html", PAGES.get(path, path))
    )
    body = text.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s" % (
        kind.encode(),
        len(body),
        body,
    )


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("refused")
    with scripted_gateway(folder, backend=RawUpstream(answer=_answer), rules=RULES) as found:
        yield found


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="nl-BE")
    found = await context.new_page()
    found.set_default_timeout(60_000)
    yield found
    await context.close()


async def test_a_frame_without_a_login_leads_out_of_itself_and_back(gate: GatewayFixture, page: Page) -> None:
    await page.goto(f"{gate.url}/public/frames")
    frame = page.frame_locator("iframe")
    await frame.get_by_role("link", name="Aanmelden").click()
    await frame.get_by_text("Binnenin").wait_for()
    assert page.url == f"{gate.url}/public/frames"


async def test_a_form_that_is_refused_in_a_frame_shows_the_page_there(
    gate: GatewayFixture, page: Page
) -> None:
    await page.goto(f"{gate.url}/public/forms")
    await page.get_by_role("button", name="Verstuur").click()
    await page.frame_locator("iframe").get_by_text("U hebt geen toegang").first.wait_for()


async def test_what_is_embedded_shows_the_page(gate: GatewayFixture, page: Page) -> None:
    async with page.expect_response(f"{gate.url}/closed/x") as answer:
        await page.goto(f"{gate.url}/public/embedded")
    assert (await answer.value).headers["content-type"].startswith("text/html")
    shown = page.frames[-1].get_by_text("U hebt geen toegang")
    await shown.first.wait_for()


async def test_behind_a_service_worker_people_can_log_in_again(gate: GatewayFixture, page: Page) -> None:
    await page.goto(f"{gate.url}/worker")
    await page.goto(f"{gate.url}/public/worker")
    await page.wait_for_function("document.title == 'klaar'")
    await page.context.clear_cookies()
    await page.goto(f"{gate.url}/worker")
    assert page.url == f"{gate.url}/worker"
    await page.get_by_text("Met werker").wait_for()
    await page.goto(f"{gate.url}/closed/y")
    await page.get_by_text("U hebt geen toegang").first.wait_for()


async def test_a_button_of_faces_that_is_refused_says_why(gate: GatewayFixture, page: Page) -> None:
    await page.goto(f"{gate.url}/in")
    await page.goto(f"{gate.url}/public/faces")
    await page.get_by_role("button", name="Zoek").click()
    await page.wait_for_url(f"{gate.url}/oauth2/refused?**")
    await page.get_by_text("U hebt geen toegang").first.wait_for()
    await page.go_back()
    await page.get_by_role("button", name="Zoek").wait_for()
