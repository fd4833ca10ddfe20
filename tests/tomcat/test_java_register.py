"""The page about a Java register, word by word, on a real Tomcat behind the gateway."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.identity.assertions import Assertions
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity
from gateway.settings import Secret
from tests.decision_point.asking import callers
from tests.gateway_fixture import OPEN_RULES, RIGHTS, Browser, GatewayFixture, scripted_gateway
from tests.keys import ec_key
from tests.tomcat.conftest import Tomcat, running_tomcat

PUBLIC = "https://register.test"
LIMIT = 16_384
WITHDRAWING = {
    "id": "withdraw",
    "match": {"path": "/app/intrekken"},
    "require": [{"right": {"right": "indiener"}}],
}
ALICE = Identity("https://acm.test/op", "alice")


@pytest.fixture(scope="module")
def tomcat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tomcat]:
    with running_tomcat(tmp_path_factory.mktemp("tomcat"), issuer=PUBLIC) as found:
        yield found


@pytest.fixture(scope="module")
def gate(tomcat: Tomcat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("gate")
    with scripted_gateway(
        folder,
        authzen={"callers": callers(folder, register={})},
        rules=[WITHDRAWING, *OPEN_RULES],
        backend=tomcat.url,
        public_url=PUBLIC,
        edge={"trusted_proxies": ["127.0.0.1/32"]},
        upstream={"max_header_bytes": LIMIT},
        paths={"parameters": "strip"},
    ) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    gate.op.subject = "alice"
    gate.op.claims.update(RIGHTS)
    gate.clock.ahead += 20
    with gate.browser() as found:
        found.log_in("/app/lijst")
        yield found


def seen(browser: Browser, path: str, **headers: str) -> dict[str, str]:
    """What the application says of a request."""
    answer = browser.page(path, **headers)
    assert answer.status_code == 200, answer.text
    return dict(line.split(" ", 1) for line in answer.text.splitlines())


def test_the_application_sees_the_person_and_how_they_reached_it(browser: Browser) -> None:
    shown = seen(browser, "/app/lijst", **{"x-forwarded-for": "203.0.113.7"})
    assert shown | {"session": "", "link": ""} == {
        "session": "", "link": "", "user": "alice", "principal": "alice", "submitter": "true", "stranger": "false",
        "address": "203.0.113.7", "scheme": "https true",
    }  # fmt: skip


def test_past_the_gateway_nobody_gets_in(tomcat: Tomcat) -> None:
    with httpx2.Client(trust_env=False, timeout=60) as client:
        for headers in ({}, {"x-forwarded-user": "alice"}, {"x-toegangspoort-assertion": "a.b.c"}):
            assert client.get(f"{tomcat.url}/app/lijst", headers=headers).status_code == 403


async def assertion(tomcat: Tomcat, gate: GatewayFixture, **changes: str) -> str:
    """An assertion as the gateway signs it, but for these."""
    given = {"environment": "ti", "issuer": PUBLIC, "audience": tomcat.url, "key": "ti"} | changes
    path = gate.folder / f"{given['key']}.pem"
    path.write_bytes(ec_key(given["key"]))
    path.chmod(0o600)
    made = Assertions(
        AssertionSettings(key=Secret(f"file:{path.name}", gate.folder)),
        environment=given["environment"],
        issuer=given["issuer"],
        audience=given["audience"],
        clock=lambda: time.time() - float(given.get("ago", 0)),
    )
    await made.start()
    return made.sign(replace(ALICE), "s1")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"ago": "30"}, 200),
        ({"ago": "120"}, 403),
        ({"environment": "prd"}, 403),
        ({"issuer": "https://elsewhere.test"}, 403),
        ({"audience": "http://elsewhere.test"}, 403),
        ({"key": "elsewhere"}, 403),
    ],
)
async def test_the_filter_takes_a_valid_assertion_only(
    tomcat: Tomcat, gate: GatewayFixture, changes: dict[str, str], status: int
) -> None:
    signed = await assertion(tomcat, gate, **changes)
    url = f"{tomcat.url}/app/lijst"
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.get(url, headers={"x-toegangspoort-assertion": signed})
        assert answer.status_code == status
        head, claims, signature = signed.split(".")
        for forged in (
            f"{head}.{claims}.",
            f"{head}.{claims}",
            f"{head}.{claims}x.{signature}",
            f"{head}..{signature}",
        ):
            answer = await client.get(url, headers={"x-toegangspoort-assertion": forged})
            assert answer.status_code == 403, forged


def test_only_an_application_that_tracks_by_url_writes_its_session_into_links(browser: Browser) -> None:
    assert seen(browser, "/app/lijst")["link"] == "lijst"
    del browser.cookies["JSESSIONID"]
    shown = seen(browser, "/oud/lijst")
    assert shown["link"] == f"lijst;jsessionid={shown['session']}"
    assert seen(browser, "/oud/lijst")["link"] == "lijst"


def test_a_redirect_names_the_session_with_the_tag_that_the_cookie_has(browser: Browser) -> None:
    answer = browser.page("/oud/naar")
    assert answer.status_code == 302
    found = re.fullmatch(
        r"/oud/lijst;jsessionid=([A-Za-z0-9_-]{22}~[0-9A-F]{32})", answer.headers["location"]
    )
    assert found
    assert found[1] == browser.cookies["JSESSIONID"]
    assert seen(browser, "/oud/lijst")["session"] == found[1].partition("~")[2]


def test_links_with_a_session_lead_its_owner_to_it_and_nobody_else(
    gate: GatewayFixture, browser: Browser
) -> None:
    tagged = browser.page("/oud/naar").headers["location"]
    cookie = browser.cookies.pop("JSESSIONID")
    own = cookie.partition("~")[2]
    assert tagged == f"/oud/lijst;jsessionid={cookie}"
    assert seen(browser, tagged)["session"] == own
    assert seen(browser, f"/oud/lijst;jsessionid={own}")["session"] != own
    browser.cookies["JSESSIONID"] = cookie
    assert seen(browser, f"/oud/lijst;jsessionid={own}")["session"] == own
    gate.op.subject = "bob"
    browser.log_in("/oud/lijst")
    for link in (tagged, f"/oud/lijst;jsessionid={own}", f"/oud/lijst;JSESSIONID={own};v=1"):
        browser.cookies["JSESSIONID"] = cookie
        shown = seen(browser, link)
        assert shown["user"] == "bob"
        assert shown["session"] != own


def test_the_next_person_begins_a_new_session_there(gate: GatewayFixture, browser: Browser) -> None:
    first = seen(browser, "/app/lijst")
    assert seen(browser, "/app/lijst") == first
    left = browser.cookies["JSESSIONID"]
    gone = browser.go("/oauth2/logout/local").headers.get_list("set-cookie")
    assert "JSESSIONID=; Path=/app; Secure; HttpOnly; Max-Age=0" in gone
    gate.op.subject = "bob"
    browser.log_in("/app/lijst")
    for cookie in (left, first["session"]):
        browser.cookies["JSESSIONID"] = cookie
        shown = seen(browser, "/app/lijst")
        assert shown["user"] == shown["principal"] == "bob"
        assert shown["session"] != first["session"]


def test_every_head_that_passes_fits_into_tomcat(browser: Browser) -> None:
    """At the gateway's limit Tomcat takes the request; the octet after it gets the gateway's page."""
    fits, too_long = 0, LIMIT
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        answer = browser.page("/app/lijst", **{"x-pad": "a" * middle})
        assert answer.status_code in (200, 431), answer.text
        fits, too_long = (middle, too_long) if answer.status_code == 200 else (fits, middle)
    answer = browser.page("/app/lijst", **{"x-pad": "a" * too_long})
    assert "Uw browser stuurt te veel gegevens mee" in answer.text
    assert fits > LIMIT - 3_000


def test_buttons_say_why_they_cannot_be_pressed(gate: GatewayFixture, browser: Browser) -> None:
    point, wishes = (
        f"http://127.0.0.1:{gate.authzen_port}",
        ["GET /app/lijst", "POST /app/intrekken", 'POST /a"\\\x07'],
    )

    def reasons(point: str) -> list[str]:
        asked = {"point": point, "token": str(gate.folder / "register.token"), "wish": wishes}
        answer = browser.page(f"/app/knoppen?{urlencode(asked, doseq=True)}")
        assert answer.status_code == 200, answer.text
        return [line.partition(": ")[2] for line in answer.text.splitlines()]

    assert reasons(point)[:2] == ["", ""]
    gate.op.claims.update({"ovam_rol_3d": [], "vo_orgnaam": 'Café "De Kroon" \\ €'})
    browser.log_in("/app/lijst")
    allowed, refused, odd = reasons(point)
    assert allowed == ""
    assert refused.startswith("U hebt geen toegang tot deze pagina. Voor deze pagina is nodig: ")
    assert 'voor Café "De Kroon" \\ € (0428.315.871). Vraag dit aan de lokale beheerder' in refused
    assert odd  # an address that nobody can ask for
    assert reasons(gate.url) == ["", "", ""]
