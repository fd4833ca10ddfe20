"""The fragment of an address survives a login, in a browser with scripts; others go straight to the provider."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.endpoints.fragment import FragmentPage, start_query
from tests.gateway_fixture import PAGE, GatewayFixture, scripted_gateway

if TYPE_CHECKING:
    from playwright.async_api import Browser

# As every engine sends it where a page is shown.
SHOWN = PAGE | {"upgrade-insecure-requests": "1"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("fragment")) as found:
        yield found


@pytest.mark.anyio
@pytest.mark.browser
@pytest.mark.parametrize(
    "rest",
    ["?page=2#/details/5", "#/d\u00e9tails/5?a=b&c=%23", "#a\\b|{c}[d]^`'", "?q=a%26b+c#x#y", "?q=C:\\map|b"],
)
async def test_the_fragment_is_there_after_the_login(
    gate: GatewayFixture, browser: Browser, rest: str
) -> None:
    context = await browser.new_context(locale="nl-BE")
    page = await context.new_page()
    asked = await page.evaluate("address => new URL(address).href", f"{gate.url}/form{rest}")
    await page.goto(asked)
    assert page.url == asked
    assert await page.get_by_role("button", name="Verstuur").count() == 1
    assert await page.evaluate("history.length") <= 2, "the page in between is no step back"
    await context.close()


@pytest.mark.anyio
@pytest.mark.browser
async def test_nothing_flashes_by(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content(FragmentPage(lambda _: "Aanmelden").content("nl", "rd=%2F").body.decode())
    assert await page.evaluate("getComputedStyle(document.body).visibility") == "hidden"
    await page.evaluate("document.getAnimations().forEach(each => each.finish())")
    assert await page.get_by_role("link", name="Aanmelden").is_visible()
    await page.close()


@pytest.mark.anyio
@pytest.mark.browser
async def test_a_browser_without_scripts_logs_in_too(gate: GatewayFixture, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="nl-BE")
    page = await context.new_page()
    await page.goto(f"{gate.url}/form?page=2#/details/5")
    await page.wait_for_url(f"{gate.url}/form?page=2*")
    assert await page.get_by_role("button", name="Verstuur").count() == 1
    await context.close()


def test_only_a_browser_that_shows_a_page_goes_by_the_page_in_between(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    assert visitor.go("/echo?a=b", headers=SHOWN).headers["location"] == "/oauth2/fragment?rd=%2Fecho%3Fa%3Db"
    provider = f"{whole.op.issuer}/v1/auth?"
    for headers in (PAGE, SHOWN | {"sec-fetch-dest": "empty"}, {"accept": "text/html"}):
        answer = visitor.go("/echo?a=b", headers=headers)
        assert answer.status_code in (302, 401)
        assert answer.headers.get("location", provider).startswith(provider)
    assert visitor.go("/echo?q=" + "a" * 3_000, headers=SHOWN).headers["location"].startswith(provider)


def test_the_page_in_between_allows_its_one_script_and_no_other(whole: GatewayFixture) -> None:
    hostile = "/oauth2/fragment?rd=%2Fecho&x=%22%3E<script>alert(1)</script>'"
    page = whole.browser().go(hostile, headers=SHOWN)
    assert page.status_code == 200
    assert not page.headers.get_list("set-cookie")
    assert page.headers["cache-control"] == "no-store"
    scripts = re.findall("<script>(.*?)</script>", page.text)
    assert len(scripts) == 1
    digest = b64encode(sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert "alert" in page.text
    assert "<script>alert" not in page.text


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with (
        scripted_gateway(tmp_path, provider_settings={"keep_fragment": False}) as found,
        found.browser() as browser,
    ):
        location = browser.go("/echo", headers=SHOWN).headers["location"]
        assert location.startswith(f"{found.op.issuer}/v1/auth?")


@pytest.mark.anyio
@pytest.mark.browser
async def test_back_after_a_logout_shows_nothing(gate: GatewayFixture, browser: Browser) -> None:
    context = await browser.new_context(locale="nl-BE")
    page = await context.new_page()
    await page.goto(f"{gate.url}/form")
    assert "Verstuur" in await page.content()
    await page.goto(f"{gate.url}/oauth2/logout/local")
    assert await context.cookies() == [], "all by their names"
    asked: list[tuple[int, str]] = []
    page.on("response", lambda answer: asked.append((answer.status, answer.url)))
    await page.go_back()
    assert asked[0] == (302, f"{gate.url}/form"), "nothing was kept: the login comes first"
    await context.close()


def test_the_target_is_the_last_of_the_query() -> None:
    assert start_query("/a?b#c", ("urn:x", "urn:y")) == "acr_values=urn%3Ax+urn%3Ay&rd=%2Fa%3Fb%23c"
