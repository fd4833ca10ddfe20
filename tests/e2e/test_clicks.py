"""From denied to access, in counted clicks: at most three of the person, and seven of the administrator.

A click is one that the browser saw, or one outside the pages: the link in a message, and the button to reload.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from simulator.data.directory import Directory, file_of
from simulator.register.app import create_register
from simulator.run import running
from tests.e2e.test_manual import IDENTITY, RULES
from tests.gateway_fixture import GatewayFixture, gateway_fixture, simulated
from tests.running import free_socket
from tests.simulator.acm.relying_party import Clock

pytestmark = pytest.mark.browser

PERSON, ADMINISTRATOR = 3, 7
ASKED = "?persoon={person}&organisatie={organisation}&recht={right}&context={context}"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    """Gateway, ACM with Gebruikersbeheer, and register; a request names the form of the right."""
    folder, clock, sock = tmp_path_factory.mktemp("clicks"), Clock(), free_socket()
    directory = Directory(file_of(folder, "ti"), "ti", clock)
    directory.open()
    url = f"http://localhost:{sock.getsockname()[1]}"
    with (
        running(lambda inside: create_register(inside=inside, environment="ti", clock=clock)) as register,
        simulated(directory)("ti", url, clock) as acm,
        gateway_fixture(
            folder, sock=sock, backend=register, clock=clock, provider=lambda *_: contextlib.nullcontext(acm),
            rules=RULES, identity=IDENTITY, paths={"parameters": "strip"},
            provider_settings={"silent_check": "30s"},
            support={"users_url": f"{acm.base}/gebruikersbeheer/aanvraag{ASKED}"},
        ) as found,
    ):  # fmt: skip
        yield found


class Desk:
    """Somebody at a browser whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self) -> None:
        self.clicks += 1

    async def press(self, name: str) -> None:
        await (
            self.page.get_by_role("button", name=name)
            .or_(self.page.get_by_role("link", name=name))
            .first.click()
        )

    async def log_in(self, persona: str) -> None:
        await self.press("itsme")
        await self.press(f"({persona})")


@contextlib.asynccontextmanager
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    context = await browser.new_context(locale="nl-BE", permissions=["clipboard-read", "clipboard-write"])
    found = Desk(await context.new_page())
    found.page.set_default_timeout(60_000)
    await context.expose_function("clicked", found.click)
    await context.add_init_script("addEventListener('click', each => each.isTrusted && clicked(), true)")
    yield found
    await context.close()


async def test_from_denied_to_access(everything: GatewayFixture, browser: Browser) -> None:
    wanted = f"{everything.url}/ncr/nieuw.xhtml"
    async with desk(browser) as zoe, desk(browser) as bea:
        await zoe.page.goto(wanted)
        await zoe.log_in("zonder-recht")
        await expect(zoe.page.get_by_role("heading", level=1)).to_contain_text("geen toegang")
        assert zoe.clicks == 2  # the counter counts
        zoe.clicks = 0

        await zoe.press("Vraag toegang")
        message = await zoe.page.evaluate("navigator.clipboard.readText()")
        (address,) = re.findall(r"http://\S+/gebruikersbeheer/\S+", message)

        bea.click()  # on the address, in the message
        await bea.page.goto(address)
        await bea.log_in("beheerder")
        await expect(bea.page.get_by_label("Einddatum")).not_to_have_value("")
        await bea.press("Verder")
        await bea.press("Bevestig")
        await expect(bea.page.get_by_role("status")).to_contain_text("Het gebruikersrecht is toegekend")

        everything.clock.now += 60  # it took a minute
        zoe.click()  # to reload
        await zoe.page.reload()
        await expect(zoe.page.get_by_role("heading", level=1)).to_have_text("Nieuwe melding")
        assert zoe.page.url.startswith(wanted)
        assert zoe.clicks <= PERSON
        assert bea.clicks <= ADMINISTRATOR
