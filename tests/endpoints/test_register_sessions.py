"""Whose session of the register a browser goes on with, after a login, a logout, a switch or the end of a session.

The register behind the gateway does as most do: it reads who somebody is when their session there begins, and never again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.endpoints.test_kept_forms import ask, confirm, post
from tests.gateway_fixture import RIGHTS, Browser, GatewayFixture, scripted_gateway
from tests.running import RawUpstream

SESSION = "JSESSIONID"


@dataclass
class Servlets(RawUpstream):
    """A register with sessions of its own: its answer is the user and organisation that the session began with."""

    began: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.answer = self._answer

    def _answer(self, head: bytes) -> bytes:
        text = head.decode("latin-1")
        headers = dict(re.findall(r"^([\w-]+): (.*?)\r$", text, re.MULTILINE))
        known = re.findall(rf"\b{SESSION}=([^;\r]*)", headers.get("cookie", ""))
        session = next((each for each in known if each in self.began), None)
        line = ""
        if session is None:
            session = f"{next(self.numbers):08X}.node1"
            line = f"Set-Cookie: {SESSION}={session}; Path=/app; HttpOnly\r\n"
            user, code = headers.get("x-forwarded-user", "nobody"), headers.get("x-auth-organisation", "-")
            self.began[session] = f"{session} {user} {code}"
        body = self.began[session]
        return f"HTTP/1.1 200 OK\r\n{line}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("own"), backend=Servlets(), session={"idle_timeout": "30m"}
    ) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    gate.clock.ahead += 20
    gate.op.subject = "alice"
    gate.op.claims.update(RIGHTS)
    with gate.browser() as found:
        yield found
    gate.upstream.clear()


def seen(browser: Browser, path: str = "/app/lijst", method: str = "GET") -> str:
    """What the register shows; its own session first."""
    answer = browser.request(method, path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_person_keeps_the_session_of_the_register(
    gate: GatewayFixture, browser: Browser, method: str
) -> None:
    browser.log_in()
    first = seen(browser, method=method)
    assert first.endswith("alice 0428315871")
    assert seen(browser, method=method) == first
    assert gate.upstream.begun[-1].count(first.split()[0].encode()) == 1
    assert browser.cookies[SESSION].endswith(f"~{first.split()[0]}")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_next_person_begins_a_new_one(gate: GatewayFixture, browser: Browser, method: str) -> None:
    browser.log_in()
    first = seen(browser)
    left = browser.cookies[SESSION]
    browser.go("/oauth2/logout/local")
    gate.op.subject = "bob"
    browser.log_in()
    browser.cookies[SESSION] = left  # as in a browser that keeps it in spite of the logout
    assert seen(browser, method=method).endswith("bob 0428315871")
    assert first.split()[0].encode() not in gate.upstream.begun[-1]
    browser.cookies[SESSION] = first.split()[0]  # written by hand, without a tag
    assert "bob" in seen(browser, method=method)
    assert first.split()[0].encode() not in gate.upstream.begun[-1]


def test_another_organisation_is_another_session(gate: GatewayFixture, browser: Browser) -> None:
    browser.log_in()
    first, left = seen(browser), browser.cookies[SESSION]
    gate.op.claims["vo_orgcode"] = "0456789034"
    browser.log_in()
    assert seen(browser).endswith("alice 0456789034")
    gate.op.claims["vo_orgcode"] = "0428315871"
    browser.log_in()
    browser.cookies[SESSION] = left
    assert seen(browser) == first


def test_the_session_goes_on_when_the_same_person_logs_in_again(
    gate: GatewayFixture, browser: Browser
) -> None:
    browser.log_in()
    first = seen(browser)
    gate.clock.ahead += 1_801
    browser.through_provider(browser.page("/app/lijst"))
    assert seen(browser) == first


def test_other_rights_are_another_session(gate: GatewayFixture, browser: Browser) -> None:
    browser.log_in()
    first = seen(browser)
    gate.op.claims["ovam_rol_3d"] = ["OVAMGebruiker-NonConformiteitenLezer:0428315871"]
    browser.log_in()
    assert seen(browser) != first


def test_nobody_is_an_owner_like_any_other(gate: GatewayFixture, browser: Browser) -> None:
    anonymous = seen(browser, "/public/start")
    assert anonymous.endswith("nobody -")
    assert seen(browser, "/public/start") == anonymous
    left = browser.cookies[SESSION]
    browser.log_in()
    person = seen(browser, "/public/start")
    assert person.endswith("alice 0428315871")
    del browser.cookies[gate.session_cookie]
    assert seen(browser, "/public/start") not in (person, anonymous)
    browser.cookies[SESSION] = left
    assert seen(browser, "/public/start") == anonymous


@pytest.mark.parametrize("path", ["/oauth2/logout/local", "/oauth2/sign_out", "/oauth2/switch?rd=/app/lijst"])
def test_leaving_takes_the_cookie_away_where_the_register_set_it(browser: Browser, path: str) -> None:
    browser.log_in()
    seen(browser)
    lines = browser.go(path).headers.get_list("set-cookie")
    assert f"{SESSION}=; Path=/app; HttpOnly; Max-Age=0" in lines
    assert SESSION not in browser.cookies


def test_a_kept_form_goes_with_the_session_of_its_own_person(gate: GatewayFixture, browser: Browser) -> None:
    browser.log_in()
    first = seen(browser)
    gate.clock.ahead += 1_801
    _, action, token = ask(browser, post(browser))
    assert confirm(browser, action, token).text == first


def test_a_kept_form_does_not_bring_another_person_into_that_session(
    gate: GatewayFixture, browser: Browser
) -> None:
    browser.log_in()
    first = seen(browser)
    gate.clock.ahead += 1_801
    _, action, token = ask(browser, post(browser))
    gate.op.subject = "bob"
    browser.log_in()
    before = len(gate.upstream.begun)
    assert confirm(browser, action, token).status_code == 403
    assert len(gate.upstream.begun) == before
    assert seen(browser) != first


def test_without_names_all_cookies_pass_as_they_are(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        scripted_gateway(
            tmp_path_factory.mktemp("off"), backend=Servlets(), upstream={"session_cookies": []}
        ) as found,
        found.browser() as browser,
    ):
        browser.log_in()
        first = seen(browser)
        assert browser.cookies[SESSION] == first.split()[0]
        assert seen(browser) == first
        assert len(browser.go("/oauth2/logout/local").headers.get_list("set-cookie")) == 2
