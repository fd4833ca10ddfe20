"""Logging out on another device, from the page "Mijn toegang"."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway_fixture import PAGE, Browser, GatewayFixture, scripted_gateway

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1"
SAME = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder: Path = tmp_path_factory.mktemp("own-sessions")
    with scripted_gateway(folder) as found:
        yield found


@pytest.fixture
def desk(site: GatewayFixture) -> Iterator[Browser]:
    # Somebody else for each test: sessions of another test are not theirs.
    site.op.subject = secrets.token_hex(8)
    with site.browser() as found:
        found.log_in()
        yield found


@pytest.fixture
def phone(site: GatewayFixture) -> Iterator[Browser]:
    with site.browser() as found:
        target = found.at_provider(found.go("/oauth2/start?rd=%2Fecho"))
        found.go(target, headers=PAGE | {"user-agent": PHONE})
        yield found


def shown(browser: Browser) -> str:
    answer = browser.page("/oauth2/access")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_a_session_elsewhere_is_named_and_ended(site: GatewayFixture, desk: Browser, phone: Browser) -> None:
    page = shown(desk)
    assert "Safari op iPhone" in page
    (other,) = set(re.findall(r'name="session" value="(\w+)"', page))
    assert phone.call("/echo").status_code == 200
    answer = desk.post("/oauth2/sessions/end", headers=PAGE | SAME, content=f"session={other}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/oauth2/access#sessions")
    assert phone.call("/echo").status_code == 401
    assert desk.call("/echo").status_code == 200
    assert "Nergens: u bent alleen hier aangemeld." in shown(desk)


def test_another_site_ends_nothing(site: GatewayFixture, desk: Browser, phone: Browser) -> None:
    (other,) = set(re.findall(r'name="session" value="(\w+)"', shown(desk)))
    for foreign in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test"},
        {},
    ):
        headers = {**PAGE, "content-type": SAME["content-type"], **foreign}
        answer = desk.post("/oauth2/sessions/end", headers=headers, content=f"session={other}")
        assert answer.status_code == 400
    assert phone.call("/echo").status_code == 200


def test_sessions_of_others_are_neither_shown_nor_ended(site: GatewayFixture, desk: Browser) -> None:
    before, site.op.subject = site.op.subject, "bob"
    try:
        with site.browser() as bob:
            bob.log_in()
            request_id = bob.call("/echo").headers["x-request-id"]
            (record,) = site.records_with(request_id)
            assert record["session"] not in shown(desk)
            content = f"session={record['session']}"
            assert desk.post("/oauth2/sessions/end", headers=PAGE | SAME, content=content).status_code == 302
            assert bob.call("/echo").status_code == 200
    finally:
        site.op.subject = before


def test_nobody_is_asked_to_log_in(site: GatewayFixture) -> None:
    with site.browser() as browser:
        answer = browser.post("/oauth2/sessions/end", headers=SAME, content="session=1")
        assert answer.status_code == 401
        assert browser.get("/oauth2/sessions/end").status_code == 405
