"""What a front-end learns of the session, and how it keeps it alive."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway

SHAPE = {
    "active", "created_at", "ends_at", "ends_in_seconds", "idle_timeout_seconds", "idle_in_seconds", "recheck_in_seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("api"), session={"idle_timeout": "30m", "max_lifetime": "10h"}
    ) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as found:
        found.log_in()
        yield found


def test_nobody_is_told_nothing(gate: GatewayFixture) -> None:
    with gate.browser() as nobody:
        for path in ("/oauth2/session", "/oauth2/userinfo"):
            answer = nobody.call(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "login-required")
        own = {"sec-fetch-site": "same-origin"}
        assert nobody.post("/oauth2/session/refresh", headers=own).status_code == 401


def test_the_session_says_how_long_it_lasts(gate: GatewayFixture, browser: Browser) -> None:
    answer = browser.call("/oauth2/session")
    found = answer.json()
    assert set(found) == SHAPE
    assert found["active"] is True
    assert 35_990 <= found["ends_in_seconds"] <= 36_000
    assert 1_790 <= found["idle_in_seconds"] <= 1_800
    assert 890 <= found["recheck_in_seconds"] <= 900
    assert answer.headers["cache-control"] == "no-store"


def test_looking_does_not_prolong_the_session(gate: GatewayFixture, browser: Browser) -> None:
    for _ in range(4):
        gate.clock.ahead += 440
        for path in ("/oauth2/session", "/oauth2/userinfo"):
            assert browser.call(path).status_code == 200
    assert browser.call("/oauth2/session").json()["idle_in_seconds"] <= 40
    gate.clock.ahead += 60
    assert browser.call("/oauth2/session").status_code == 401


def test_refreshing_prolongs_it_and_asks_the_provider(gate: GatewayFixture, browser: Browser) -> None:
    asked = gate.op.seen["token"]
    gate.clock.ahead += 600
    own = {"sec-fetch-site": "same-origin"}
    found = browser.post("/oauth2/session/refresh", headers=own).json()
    assert set(found) == SHAPE
    assert found["idle_in_seconds"] >= 1_790
    assert found["recheck_in_seconds"] >= 890
    assert gate.op.seen["token"] == asked + 1
    browser.post("/oauth2/session/refresh", headers=own)
    assert gate.op.seen["token"] == asked + 1, "a provider that was just asked is left in peace"


def test_refreshing_sees_a_right_that_ended(gate: GatewayFixture, browser: Browser) -> None:
    ticket, rights = gate.ticket(browser), gate.op.claims["ovam_rol_3d"]
    gate.op.claims["ovam_rol_3d"] = []
    gate.clock.ahead += 120
    assert browser.post("/oauth2/session/refresh", headers={"x-requested-with": "fetch"}).status_code == 200
    gate.op.claims["ovam_rol_3d"] = rights
    assert gate.ticket(browser) not in (None, ticket)
    assert browser.call("/oauth2/userinfo").json()["rights"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site", "x-requested-with": "fetch"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.test", "x-requested-with": "fetch"},
        {"origin": "null"},
    ],
)
def test_another_site_cannot_refresh(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.post("/oauth2/session/refresh", headers=headers).status_code == 400


def test_only_a_post_refreshes(browser: Browser) -> None:
    answer = browser.call("/oauth2/session/refresh")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_session_that_must_be_rechecked_by_a_page_says_so(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.refresh_tokens.clear()
    gate.clock.ahead += 901
    answer = browser.post("/oauth2/session/refresh", headers={"sec-fetch-site": "same-origin"})
    assert (answer.status_code, answer.json()["code"]) == (401, "reauthenticate")


def test_no_token_is_in_any_of_it(gate: GatewayFixture, browser: Browser) -> None:
    texts = [browser.call(path).text for path in ("/oauth2/session", "/oauth2/userinfo")]
    texts.append(browser.post("/oauth2/session/refresh", headers={"sec-fetch-site": "same-origin"}).text)
    secrets = [str(gate.ticket(browser)), *gate.op.refresh_tokens, "eyJ"]
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_userinfo_says_who(browser: Browser) -> None:
    found: httpx2.Response = browser.call("/oauth2/userinfo")
    assert found.json() == {
        "subject": "alice",
        "name": None,
        "doelgroep": None,
        "organisation": {"code": "0428315871", "name": None},
        "rights": ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"],
    }
