"""Every kind of page, walked in Chromium: each language, a telephone and a desktop, dark, and forced colours.

`WALK=FOLDER` writes a picture of each page there, to look at.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from gateway.endpoints.fragment import FragmentPage
from gateway.model import Language
from gateway.pages.catalogue import read_catalogue
from gateway.pages.render import Pages
from gateway.pages.samples import every_page
from gateway.pages.screens import Screens
from gateway.pages.settings import SupportSettings
from gateway.responses import Response
from tests.pages.test_catalogue import LANGUAGES, said

pytestmark = pytest.mark.browser

# axe-core of Deque Systems (Mozilla Public License 2.0).
AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
TABS = 2
UNMARKED = """() => [...document.querySelectorAll('.button, .environment, .card')].filter(each => {
    const style = getComputedStyle(each);
    return style.borderTopStyle === 'none' || parseFloat(style.borderTopWidth) < 1;
}).map(each => each.outerHTML)"""
# What shows up after a while.
SHOWN = "() => document.getAnimations().forEach(each => each.finish())"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def kinds(language: Language) -> Iterator[tuple[str, Response]]:
    """One page for each text: many causes of a failed login read the same."""
    seen, pages = set[str](), Pages(SupportSettings(), "ti", LANGUAGES)
    between = FragmentPage(Screens(pages, public_url="https://register.example.be").login_title)
    yield "fragment", between.content(language, "rd=%2F")
    for name, make in every_page(pages, language):
        answer = make()
        words = re.sub(
            rf"<span class=\"reference\">{name.removeprefix('login-failed-')}<", "", answer.body.decode()
        )
        if answer.media_type == "text/html" and words not in seen:
            seen.add(words)
            yield name, answer


def shape(answer: Response) -> str:
    """A page without its words: what axe judges is the same where this is."""
    return re.sub(r">[^<]+<|=\"[^\"]*[/?][^\"]*\"", "><", answer.body.decode().partition("</style>")[2])


class Walk:
    """One tab of the browser; `faults` are what is wrong with the pages that it showed."""

    def __init__(
        self, page: Page, foreign: dict[Language, frozenset[str]], judged: set[str], faults: list[str]
    ) -> None:
        self.page = page
        self._foreign = foreign
        self._judged = judged
        self._faults = faults

    async def look(self, language: Language, name: str, answer: Response) -> None:
        page, where = self.page, f"{name}.{language}"
        await page.set_viewport_size(DESKTOP)
        await page.set_content(answer.body.decode(), wait_until="commit")
        await page.evaluate(SHOWN)
        await self._fits(where, "desktop")
        await page.set_viewport_size(PHONE)
        await self._fits(where, "phone")
        text = await page.inner_text("body")
        self._faults += [f"{where}: in English: {each}" for each in self._foreign[language] if each in text]
        # The other languages have the same templates: one page of each is judged.
        new = shape(answer) if language == "nl" else language
        if new not in self._judged:
            self._judged.add(new)
            await self._judge(where, {"type": "tag", "values": RULES})
            if language == "nl":
                await self._colours(where)

    async def _colours(self, where: str) -> None:
        await self.page.emulate_media(color_scheme="dark")
        await self._picture(f"{where}.dark")
        await self._judge(f"{where} in the dark", {"type": "rule", "values": ["color-contrast"]})
        await self.page.emulate_media(color_scheme="light", forced_colors="active")
        await self._picture(f"{where}.forced")
        self._faults += [f"{where}: no border: {each}" for each in await self.page.evaluate(UNMARKED)]
        await self.page.emulate_media(forced_colors="none")

    async def _fits(self, where: str, size: str) -> None:
        wider = await self.page.evaluate(WIDER)
        if wider > 0:
            self._faults.append(f"{where}: {wider} px too wide for a {size}")
        await self._picture(f"{where}.{size}")

    async def _judge(self, where: str, rules: dict[str, Any]) -> None:
        found = await self.page.evaluate(
            "async rules => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']})).violations",
            rules,
        )
        for each in found:
            self._faults += [f"{where}: {each['id']}: {node['html']}" for node in each["nodes"]]

    async def _picture(self, name: str) -> None:
        if folder := os.environ.get("WALK"):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def english(language: Language) -> frozenset[str]:
    """Sentences of the English catalogue, which a page in this language must not show."""
    english, own = read_catalogue("en").gettext, read_catalogue(language).gettext
    return frozenset(
        english(each) for each in said() if own(each) != english(each) and len(each) > 12 and "%(" not in each
    )


@pytest.fixture(scope="module")
def pages() -> list[tuple[Language, str, Response]]:
    return [(language, name, answer) for language in LANGUAGES for name, answer in kinds(language)]


@pytest.fixture(scope="module")
def foreign() -> dict[Language, frozenset[str]]:
    return {language: english(language) for language in LANGUAGES}


async def test_every_page_can_be_read_by_everybody(
    browser: Browser, pages: list[tuple[Language, str, Response]], foreign: dict[Language, frozenset[str]]
) -> None:
    assert len(pages) > 150
    waiting, judged, faults = list(pages), set[str](), list[str]()

    async def walk() -> None:
        tab = await browser.new_page()
        await tab.evaluate(AXE)
        steps = Walk(tab, foreign, judged, faults)
        while waiting:
            await steps.look(*waiting.pop())
        await tab.close()

    await asyncio.gather(*(walk() for _ in range(TABS)))
    assert faults == []
