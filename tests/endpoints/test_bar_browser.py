"""The session bar in a real browser: over pages with the strictest policies, and over the simulator's register."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.register.app import create_register
from simulator.run import running
from tests import gateways
from tests.gateway_fixture import GatewayFixture, gateway_fixture, scripted_gateway
from tests.running import serving
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Locator, Page

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

RULES = [{"id": "register", "match": {"path": "/**"}, "require": ["authenticated"]}]
IDENTITY = {
    **gateways.IDENTITY,
    "headers": {**gateways.IDENTITY["headers"], "X-Auth-Organisation-Name": "organisation.name"},
}
POLICIES = {
    "self": "default-src 'self'",
    "bare": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'none'; base-uri 'none'; "
        "form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
}
# Each time that a notice is shown, however shortly.
SHOWINGS = """() => {
    window.showings = [];
    const notice = document.querySelector("toegangspoort-bar").shadowRoot.querySelector(".notice");
    const noted = () => { if (!notice.hidden) window.showings.push(notice.textContent); };
    new MutationObserver(noted).observe(notice, { attributes: true, subtree: true, childList: true });
    noted();
}"""
PAGE = (
    "<!doctype html><html lang='{lang}'><head><title>Register</title><script src='/oauth2/bar.js' defer></script></head>"
    "<body><h1>Register</h1><label>Adres <input id='typed'></label><p>{words}</p></body></html>"
)


async def _page(request: Request) -> HTMLResponse:
    asked = request.query_params
    html = PAGE.format(lang=asked.get("lang", "nl"), words="Woorden. " * int(asked.get("words", "1")))
    return HTMLResponse(html, headers={"content-security-policy": POLICIES[request.url.path[1:]]})


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    icon = Route("/favicon.ico", lambda _request: Response(status_code=204))
    app = Starlette(routes=[icon, *(Route(f"/{policy}", _page) for policy in POLICIES)])
    with (
        serving(app, lifespan="off") as upstream,
        scripted_gateway(
            tmp_path_factory.mktemp("bar"),
            backend=upstream.url,
            session={"idle_timeout": "30m", "max_lifetime": "1h"},
            session_bar={},
        ) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with (
        running(lambda url: create_register(inside=url, environment="ti")) as register_url,
        gateway_fixture(
            tmp_path_factory.mktemp("register"),
            backend=register_url,
            rules=RULES,
            identity=IDENTITY,
            session_bar={"inject": True},
            paths={"parameters": "strip"},
        ) as found,
    ):
        yield found


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    found = await browser.new_context(locale="nl-BE", viewport={"width": 1000, "height": 700})
    found.set_default_timeout(60_000)
    yield found
    await found.close()


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Uw sessie")


async def later(gate: GatewayFixture, page: Page, seconds: int) -> None:
    """Both the gateway's clock and the page's go on."""
    gate.clock.ahead += seconds
    await page.clock.fast_forward(seconds * 1000)
    # Timers that are due run; what they ask the gateway is answered in real time.
    await page.clock.run_for(5_000)


async def shown(page: Page, words: str) -> Locator:
    """The notice, once it has these words."""
    notice = bar(page).locator(".notice")
    await notice.filter(has_text=words).wait_for()
    return notice


@pytest.mark.parametrize("policy", POLICIES)
async def test_it_works_under_a_strict_policy(
    gate: GatewayFixture, context: BrowserContext, policy: str
) -> None:
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda each: said.append(each.text))
    page.on("pageerror", lambda each: said.append(str(each)))
    await page.goto(f"{gate.url}/{policy}")
    toggle = bar(page).get_by_role("button", name="T&I Aangemeld")
    await toggle.wait_for()
    assert await toggle.evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"
    assert await bar(page).inner_text() != ""
    for name in ("Wissel van organisatie", "Mijn toegang", "Afmelden"):
        await bar(page).get_by_role("link", name=name).wait_for()
    assert said == []


async def test_it_changes_nothing_of_the_page(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{gate.url}/self")
    await bar(page).wait_for()
    height = "document.documentElement.scrollHeight"
    assert await page.evaluate(height) <= await page.evaluate("innerHeight")
    assert await page.evaluate("document.querySelector('h1').getBoundingClientRect().top") < 40
    assert await page.evaluate("document.activeElement === document.body")
    # A page that is longer than the window can be read to its very end.
    await page.goto(f"{gate.url}/self?words=3000")
    await bar(page).wait_for()
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await page.evaluate(f"scrollTo(0, {height})")
    words = await page.locator("p").first.bounding_box()
    top = await bar(page).locator(".bar").bounding_box()
    assert words and top
    assert words["y"] + words["height"] <= top["y"]
    await page.emulate_media(media="print")
    await bar(page).wait_for(state="hidden")


async def test_keyboard_and_narrow_windows(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.set_viewport_size({"width": 320, "height": 500})
    await page.goto(f"{gate.url}/self")
    toggle, out = (
        bar(page).get_by_role("button", name="Aangemeld"),
        bar(page).get_by_role("link", name="Afmelden"),
    )
    await toggle.wait_for()
    assert (await toggle.get_attribute("aria-expanded"), await out.is_visible()) == ("false", False)
    await toggle.press("Enter")
    await out.wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await out.press("Escape")
    await out.wait_for(state="hidden")
    assert await toggle.evaluate("e => e.getRootNode().activeElement === e")
    await toggle.press("Space")
    await page.reload()
    await out.wait_for()  # the choice is remembered
    await page.emulate_media(forced_colors="active")
    assert await toggle.evaluate("e => getComputedStyle(e).borderTopWidth") == "1px"


async def test_a_long_name_leaves_the_name_of_the_environment_whole(
    gate: GatewayFixture, context: BrowserContext
) -> None:
    gate.op.claims.update(
        given_name="Maximiliana-Theodora", family_name="Vandekerckhove-" + "achternaam" * 20
    )
    try:
        page = await context.new_page()
        await page.set_viewport_size({"width": 320, "height": 600})
        await page.goto(f"{gate.url}/self")
        mark = bar(page).locator(".mark")
        await mark.wait_for()
        assert await mark.evaluate("e => e.getClientRects().length === 1 && e.offsetHeight < 40")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    finally:
        del gate.op.claims["given_name"], gate.op.claims["family_name"]


async def test_it_speaks_the_language_of_the_page(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{gate.url}/self?lang=en-GB")
    await page.get_by_role("region", name="Your session").get_by_role("link", name="Log out").wait_for()
    await page.goto(f"{gate.url}/self?lang=pl")
    await bar(page).get_by_role("link", name="Afmelden").wait_for()  # as the browser asks for


async def test_a_warning_and_staying_logged_in(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{gate.url}/self")
    await page.locator("#typed").fill("Kerkstraat 1")
    await bar(page).wait_for()
    await later(gate, page, 1_480)
    assert not await bar(page).locator(".notice").is_visible()
    await later(gate, page, 20)
    notice = await shown(page, "U wordt over 5 minuten afgemeld")
    assert await page.evaluate("document.activeElement.id") == "typed"
    assert "over 5 minuten" in await bar(page).get_by_role("status").inner_text()
    await later(gate, page, 180)
    await shown(page, "U wordt over 2 minuten afgemeld")
    assert "over 5 minuten" in await bar(page).get_by_role("status").inner_text(), "not at each minute"
    await notice.get_by_role("button", name="Blijf aangemeld").press("Enter")
    await shown(page, "U blijft aangemeld")
    assert await notice.get_by_role("button", name="Sluit").evaluate(
        "e => e.getRootNode().activeElement === e"
    )
    await page.keyboard.press("Escape")
    await notice.wait_for(state="hidden")
    # Nothing but more work was needed: a page in the background that uses the session makes no warning.
    await later(gate, page, 900)
    assert (await context.request.get(f"{gate.url}/self")).ok
    await later(gate, page, 700)
    await notice.wait_for(state="hidden", timeout=30_000)  # the use is stored a moment after the answer


async def test_the_clock_of_the_machine_does_not_matter(
    gate: GatewayFixture, context: BrowserContext
) -> None:
    page = await context.new_page()
    await page.clock.install(time="2019-01-01T00:00:00")
    await page.goto(f"{gate.url}/self")
    await bar(page).wait_for()
    await page.clock.pause_at("2019-01-01T00:10:00")
    await page.evaluate(SHOWINGS)
    await page.clock.set_system_time("2031-01-01T00:00:00")
    async with page.expect_event("requestfinished", lambda each: each.url.endswith("/oauth2/bar")):
        await page.clock.run_for(5_000)
    # The answer is known in the page before that of a later request.
    await page.evaluate("fetch('/self').then(answer => answer.text())")
    await page.clock.run_for(5_000)
    assert await page.evaluate("window.showings") == []
    await page.clock.set_system_time("2001-01-01T00:00:00")
    await later(gate, page, 1_500)
    await shown(page, "afgemeld")


async def test_the_end_of_a_session_loses_nothing(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{gate.url}/self")
    await page.locator("#typed").fill("Kerkstraat 1")
    await bar(page).wait_for()
    await later(gate, page, 1_500)
    await shown(page, "5 minuten")
    await later(gate, page, 301)
    ended = await shown(page, "U bent niet meer aangemeld")
    async with context.expect_page() as opening:
        await ended.get_by_role("link", name="Opnieuw aanmelden").click()
    other = await opening.value
    await bar(other).wait_for()
    assert other.url == f"{gate.url}/self"
    await shown(page, "U bent opnieuw aangemeld")
    assert await page.locator("#typed").input_value() == "Kerkstraat 1"


async def test_the_last_moment_of_a_session(gate: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{gate.url}/self")
    await bar(page).wait_for()
    for _ in range(3):
        await later(gate, page, 1_100)
        assert (await context.request.get(f"{gate.url}/self")).ok
        # The provider is asked behind the request, and must have answered before the clock goes on.
        assert await asyncio.to_thread(until, lambda: not gate.gateway.areas.people.rechecks.running)
    notice = await shown(page, "Uw sessie eindigt over 5 minuten en kan niet verlengd worden")
    assert not await notice.get_by_role("button", name="Blijf aangemeld").is_visible()
    await notice.get_by_role("link", name="Opnieuw aanmelden").wait_for()


async def test_tabs_are_in_step(gate: GatewayFixture, context: BrowserContext) -> None:
    first, second = await context.new_page(), await context.new_page()
    for page in (first, second):
        await page.clock.install()
        await page.goto(f"{gate.url}/self")
        await bar(page).wait_for()
    gate.clock.ahead += 1_500
    for page in (first, second):
        await page.clock.fast_forward(1_500_000)
        await page.clock.run_for(5_000)
    notices = [await shown(page, "5 minuten") for page in (first, second)]
    await notices[0].get_by_role("button", name="Blijf aangemeld").click()
    await notices[1].wait_for(state="hidden")
    # Somebody else logs in in the other tab.
    gate.op.claims["vo_orgcode"] = "0777000187"
    try:
        await second.goto(f"{gate.url}/oauth2/start?rd=/self")
        await bar(second).wait_for()
        await first.bring_to_front()
        # A login may take longer than the first tab waits before it asks; it asks again when somebody comes back to it.
        await first.clock.run_for(16_000)
        await first.evaluate("window.dispatchEvent(new Event('focus'))")
        notice = await shown(first, "laad ze opnieuw voor u verdergaat")
        await notice.get_by_role("button", name="Laad deze pagina opnieuw").click()
        await notice.wait_for(state="hidden")
    finally:
        gate.op.claims["vo_orgcode"] = "0428315871"


async def test_the_simulators_register(register: GatewayFixture, context: BrowserContext) -> None:
    page = await context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda each: said.append(str(each)))
    await page.goto(f"{register.url}/ncr/nieuw.xhtml")
    await page.get_by_role("button", name="itsme").click()
    await page.get_by_role("button", name="(indiener)").click()
    await bar(page).wait_for()
    assert "Peeters" in await bar(page).inner_text()
    # A postback and its page, whose script makes Ajax calls.
    await page.get_by_label("Ondernemingsnummer").fill("0400.000.185")
    await page.get_by_role("button", name="Indienen").click()
    await page.get_by_role("alert").wait_for()
    await bar(page).wait_for()
    assert said == []
    await bar(page).get_by_role("link", name="Afmelden").click()
    await page.get_by_role("heading", name="afgemeld").wait_for()
