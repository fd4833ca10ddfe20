"""The story, and what engines do differently, in each of them: the engines disagree in headers, caches and policies.

One engine: `pytest tests/engines -k webkit`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from selenium.webdriver.support.ui import Select

from simulator.register.app import create_register
from simulator.run import running
from tests import gateways
from tests.engines.pages import Pages
from tests.engines.tls import tls_before
from tests.engines.window import Window
from tests.gateway_fixture import Clock, GatewayFixture, gateway_fixture
from tests.running import free_socket, serving
from tests.waiting import until

pytestmark = pytest.mark.engines

IDLE = 1_200
REPORT = {
    "producent": "Café De Korenaar",
    "nummer": "0400.000.185",
    "adres": "Kerkstraat 1, 2000 Antwerpen",
    "omschrijving": "Glas tussen het restafval",
}
FORM_POLICY = urlencode({"policy": "form-action 'self'"})
HEADINGS = """
    return Array.from(frames, (_, each) => frames[each].document)
        .map(page => page.readyState === 'complete' && page.querySelector('h1')?.textContent)"""
RULES = [
    {"id": "assets", "match": {"path": "/ncr/javax.faces.resource/{name}"}, "require": ["anyone"]},
    {"id": "open", "match": {"path": "/open/**"}, "upstream": "pages", "require": ["anyone"]},
    {
        "id": "closed",
        "match": {"path": "/closed/**"},
        "upstream": "pages",
        "require": [{"network": ["203.0.113.0/24"]}],
    },
    {"id": "pages", "match": {"path": "/lab/**"}, "upstream": "pages", "require": ["authenticated"]},
    {"id": "register", "match": {"path": "/**"}, "require": [{"right": {"right": "indiener"}}]},
]
IDENTITY = {
    **gateways.IDENTITY,
    "headers": {**gateways.IDENTITY["headers"], "X-Auth-Organisation-Name": "organisation.name"},
}


@dataclass(frozen=True)
class Lab:
    """A gateway in front of the simulator's register and of the pages; `url` is what browsers ask."""

    url: str
    gateway: GatewayFixture
    pages: Pages
    clock: Clock

    def sent_to_login(self, path: str) -> int:
        """How often a request for this path led to the login, says the log of decisions."""
        lines = self.gateway.records.read_text().splitlines(keepends=True)
        records = [json.loads(each) for each in lines if each.endswith("\n")]
        return sum((each.get("path"), each.get("status")) == (path, 302) for each in records)


@contextlib.contextmanager
def _lab(folder: Path, public_url: str | None = None) -> Iterator[Lab]:
    pages, clock = Pages(), Clock()
    with (
        running(lambda url: create_register(inside=url, environment="ti", clock=clock)) as register,
        serving(pages.app, lifespan="off") as small,
        gateway_fixture(
            folder, backend=register, clock=clock, rules=RULES, identity=IDENTITY, public_url=public_url,
            session={"idle_timeout": f"{IDLE}s"}, paths={"parameters": "strip"},
            upstream={"session_parameters": "unclaimed"}, upstreams={"pages": {"url": small.url}},
        ) as found,
    ):  # fmt: skip
        yield Lab(public_url or found.url, found, pages, clock)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with _lab(tmp_path_factory.mktemp("plain")) as found:
        yield found


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab over https, behind nginx: engines keep other pages there for Back."""
    folder = tmp_path_factory.mktemp("secure")
    with free_socket() as kept:  # until nginx listens there, nobody else gets the port
        port = kept.getsockname()[1]
        with (
            _lab(folder, f"https://localhost:{port}") as found,
            tls_before(found.gateway.port, port, folder),
        ):
            yield found


def _visitor(engine: Window, lab: Lab) -> Window:
    """All servers share their host and so their cookies, but those of https."""
    acm = f"{lab.gateway.acm.base}/op/x"
    engine.forget(*([acm] if lab.url.startswith("http:") else [f"{lab.url}/open/x", acm]))
    return engine


@pytest.fixture
def lab(plain: Lab) -> Lab:
    return plain


@pytest.fixture
def window(engine: Window, plain: Lab) -> Window:
    """Somebody whom neither the gateway nor ACM knows."""
    return _visitor(engine, plain)


def end_the_session(lab: Lab) -> None:
    """Nobody did anything for too long."""
    lab.clock.ahead += IDLE + 1


def test_from_the_first_page_to_a_report_and_out(window: Window, lab: Lab) -> None:
    window.go(lab.url)
    window.wait_at(f"{lab.gateway.acm.base}/op/login")
    window.log_in("indiener", lab.url)
    window.wait_at(f"{lab.url}/ncr/meldingen.xhtml")
    window.see("Meldingen van Containerdienst Peeters nv")
    window.press("Nieuwe melding")
    for name, value in REPORT.items():
        window.fill(f"[id='melding:{name}']", value)
    Select(window.find("[id='melding:afvalstroom']")).select_by_visible_text("glas")
    window.see("Dit nummer is geldig")
    window.press("Indienen")
    window.see("Uw melding is ingediend", REPORT["producent"], REPORT["omschrijving"])
    window.go(f"{lab.url}/oauth2/access")
    window.see("Inge Dewaele")
    window.go(lab.url)
    window.press("Afmelden")
    window.see("U bent afgemeld")
    window.go(lab.url)
    window.wait_at(f"{lab.gateway.acm.base}/op/login")


def test_a_refused_person_reads_why_and_leaves_for_the_next(window: Window, lab: Lab) -> None:
    window.go(f"{lab.url}/ncr/meldingen.xhtml")
    window.log_in("zonder-recht", lab.url)
    window.see("Non-conformiteiten indiener", "lokale beheerder")
    window.go(f"{lab.url}/oauth2/sign_out")
    window.see("U bent afgemeld")
    window.go(f"{lab.url}/ncr/meldingen.xhtml")
    window.log_in("indiener", lab.url)
    window.see("Meldingen van Containerdienst Peeters nv")


def test_what_was_typed_is_sent_after_the_login(window: Window, lab: Lab) -> None:
    """Also where the page may only send forms to its own site."""
    lab.pages.forms.clear()
    window.go(f"{lab.url}/lab/form?{FORM_POLICY}")
    window.log_in("indiener", lab.url)
    window.fill("textarea", "bewaar mij \u00e9 & 1")
    end_the_session(lab)
    window.press("Verstuur")
    window.press("Aanmelden")
    window.log_in("indiener", f"{lab.url}/oauth2/resume")
    assert lab.pages.forms == []
    window.press("Nu versturen")
    window.see("Ontvangen: 1")
    assert parse_qs(lab.pages.forms[0]) == {"waarde": ["bewaar mij \u00e9 & 1"]}


def test_a_kept_form_is_sent_also_where_its_page_outlived_the_session(window: Window, lab: Lab) -> None:
    lab.pages.forms.clear()
    window.go(f"{lab.url}/lab/form")
    window.log_in("indiener", lab.url)
    window.fill("textarea", "tweemaal")
    for button in ("Verstuur", "Nu versturen"):
        end_the_session(lab)
        window.press(button)
        window.press("Aanmelden")
        window.log_in("indiener", f"{lab.url}/oauth2/resume")
    window.press("Nu versturen")
    window.see("Ontvangen: 1")


def test_back_after_logout_shows_nothing(engine: Window, secure: Lab) -> None:
    """The engine asks the gateway again, which leads to the login. WebKit's driver hangs in a tab that went back."""
    window = _visitor(engine, secure)
    window.go(f"{secure.url}/open/x")
    window.open_tab(f"{secure.url}/lab/page?last-modified=Mon, 01 Jan 2024 00:00:00 GMT")
    window.log_in("indiener", secure.url)
    window.see("Vertrouwelijk")
    window.go(f"{secure.url}/oauth2/sign_out")
    window.see("U bent afgemeld")
    asked = secure.sent_to_login("/lab/page")
    window.back()
    assert until(lambda: secure.sent_to_login("/lab/page") > asked, 10.0)


def test_ten_restored_tabs_all_end_at_their_page(window: Window, lab: Lab) -> None:
    addresses = [f"{lab.url}/lab/tab/{number}" for number in range(10)]
    tabs = [window.open_tab(address) for address in addresses]
    for number in (1, 0, 5, 9):  # the oldest of them is not the first to come in
        window.switch(tabs[number])
        window.log_in("indiener", lab.url)
        window.wait_at(addresses[number])
        window.see("Vertrouwelijk")


@pytest.mark.parametrize("length", [3_000, 5_000])
def test_a_long_link_leads_to_its_page(window: Window, lab: Lab, length: int) -> None:
    window.go(f"{lab.url}/lab/zoek?q={'a' * length}")
    window.log_in("indiener", lab.url)
    window.see(f"/lab/zoek {length + 2} ")


def test_the_fragment_outlives_the_login(window: Window, lab: Lab) -> None:
    window.go(f"{lab.url}/lab/app#/details/5")
    window.log_in("indiener", lab.url)
    window.see("hash #/details/5")


def test_a_frame_shows_a_page(window: Window, lab: Lab) -> None:
    """Nobody's and a refused page. Where they were JSON, Firefox would show a page of its own."""
    window.go(f"{lab.url}/open/frames")
    window.wait(
        lambda: [bool(each) for each in window.script(HEADINGS)] == [True, True], "headings in frames"
    )


def test_a_navigation_through_a_service_worker_leads_to_the_login(window: Window, lab: Lab) -> None:
    """It comes as navigate/empty or, in Firefox, as same-origin/empty."""
    window.go(f"{lab.url}/open/worker")
    window.wait(lambda: window.driver.title == "ready", "worker")
    window.go(f"{lab.url}/lab/app/1")
    window.wait_at(f"{lab.gateway.acm.base}/op/login")
    window.log_in("indiener", lab.url)
    assert window.url == f"{lab.url}/lab/app/1"
    window.see("Vertrouwelijk")


def test_logging_in_again_is_never_refused(window: Window, lab: Lab) -> None:
    """WebKit doesn't say that somebody pressed: it sends no Sec-Fetch-User."""
    window.go(f"{lab.url}/ncr/meldingen.xhtml")
    window.log_in("zonder-recht", lab.url)
    for _ in range(4):
        window.leave_by("Opnieuw aanmelden")
        window.wait_at(f"{lab.url}/ncr/meldingen.xhtml")
        window.see("Non-conformiteiten indiener")


def test_looking_ahead_ends_no_session(window: Window, lab: Lab) -> None:
    window.go(f"{lab.url}/lab/page")
    window.log_in("indiener", lab.url)
    window.go(f"{lab.url}/open/ahead")
    window.wait(lambda: window.driver.title.endswith("looked looked"), "prefetch")
    window.go(f"{lab.url}/lab/page")
    window.see("Vertrouwelijk")


def test_calls_of_scripts_get_401_and_begin_no_login(window: Window, lab: Lab) -> None:
    window.go(f"{lab.url}/open/calls")
    window.wait(lambda: "40" in window.driver.title, "calls")
    assert window.driver.title == "401 401 401 401 401"
    assert not any("flow" in name for name in window.cookies())
