"""Every kind of page, walked in Chromium: each language, a telephone and a desktop, large text, dark, and forced
colours.

`WALK=FOLDER` writes a picture of each page there, to look at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize

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
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}
# Many set their telephone to large text; WCAG asks for twice the size.
FRAMES: dict[str, dict[str, Any]] = {
    "phone with text twice as large": {**SIZES["phone"], "text": "200%"},
    **{name: dict(size) for name, size in SIZES.items()},
}
PICTURES = os.environ.get("WALK")
UNMARKED = """() => [...document.querySelectorAll('.button, .environment, .card')].filter(each => {
    const style = getComputedStyle(each);
    return style.borderTopStyle === 'none' || parseFloat(style.borderTopWidth) < 1;
}).map(each => each.outerHTML)"""
# What shows up after a while.
SHOWN = "() => document.getAnimations().forEach(each => each.finish())"
# How much wider than a frame of each of these sizes the page in it is, and what it says in the last of them. A frame
# takes a fraction of the time that a window needs to become another size. `text` is the size of its text.
MEASURED = """async ([html, sizes]) => {
    const frame = document.createElement('iframe');
    const there = new Promise(done => frame.onload = done);
    frame.srcdoc = html;
    document.body.replaceChildren(frame);
    await there;
    const page = frame.contentDocument;
    page.getAnimations().forEach(each => each.finish());
    const wider = sizes.map(({width, height, text}) => {
        frame.style = `border: 0; width: ${width}px; height: ${height}px`;
        page.documentElement.style.fontSize = text ?? "";
        if (frame.contentWindow.innerWidth !== width) throw new Error('not this wide');
        return page.documentElement.scrollWidth - page.documentElement.clientWidth;
    });
    return [wider, page.body.innerText];
}"""


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
    """Two tabs of the browser: a page in a frame is measured in `frames`, and judged as it is in `page`."""

    def __init__(self, frames: Page, page: Page, foreign: dict[Language, frozenset[str]]) -> None:
        self.frames = frames
        self.page = page
        self.faults: list[str] = []
        self._foreign = foreign
        self._judged: set[str] = set()

    async def look(self, language: Language, name: str, answer: Response) -> None:
        where, html = f"{name}.{language}", answer.body.decode()
        wider, text = await self.frames.evaluate(MEASURED, [html, list(FRAMES.values())])
        for size, pixels in zip(FRAMES, wider, strict=True):
            if pixels > 0:
                self.faults.append(f"{where}: {pixels} px too wide for a {size}")
        self.faults += [f"{where}: in English: {each}" for each in self._foreign[language] if each in text]
        # The other languages have the same templates: one page of each is judged.
        new = shape(answer) if language == "nl" else language
        judged = new in self._judged
        if judged and not PICTURES:
            return
        await self.page.set_content(html, wait_until="commit")
        await self.page.evaluate(SHOWN)
        for size, pixels in SIZES.items() if PICTURES else ():
            await self.page.set_viewport_size(pixels)
            await self._picture(f"{where}.{size}")
        if not judged:
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
        self.faults += [f"{where}: no border: {each}" for each in await self.page.evaluate(UNMARKED)]
        await self.page.emulate_media(forced_colors="none")

    async def _judge(self, where: str, rules: dict[str, Any]) -> None:
        found = await self.page.evaluate(
            "async rules => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']})).violations",
            rules,
        )
        for each in found:
            self.faults += [f"{where}: {each['id']}: {node['html']}" for node in each["nodes"]]

    async def _picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


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
    frames, tab = await browser.new_page(), await browser.new_page(viewport=SIZES["phone"])
    await tab.evaluate(AXE)
    walk = Walk(frames, tab, foreign)
    for language, name, answer in pages:
        await walk.look(language, name, answer)
    await frames.close()
    await tab.close()
    assert walk.faults == []
