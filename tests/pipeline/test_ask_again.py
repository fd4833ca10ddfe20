"""A denied page asks the provider again, and lets in who got the right meanwhile."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gateway_fixture import RIGHTS, Browser, GatewayFixture, scripted_gateway

PAGE = "/filed/1?jaar=2026"
WITHOUT = {"ovam_rol_3d": [], "vo_orgcode": "0428315871", "vo_doelgroepcode": "EA"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("again")
    with scripted_gateway(folder, provider_settings={"silent_check": "30s"}) as found:
        yield found


@pytest.fixture
def site(shared: GatewayFixture) -> GatewayFixture:
    shared.op.forget()
    shared.op.claims.update(WITHOUT)
    shared.op.token_answer["refresh_token"] = "absent"
    return shared


@pytest.fixture
def browser(site: GatewayFixture) -> Iterator[Browser]:
    with site.browser() as found:
        found.log_in()
        assert found.go(PAGE).status_code == 403, "somebody who just logged in is not asked about"
        site.clock.ahead += 40
        yield found


def asked(answer_location: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer_location).query)


def test_a_reload_lets_in_who_got_the_right(site: GatewayFixture, browser: Browser) -> None:
    site.op.claims.update(RIGHTS)
    sent = browser.go(PAGE)
    assert asked(sent.headers["location"])["prompt"] == ["none"]
    assert "login_hint" in asked(sent.headers["location"])
    back = browser.through_provider(sent)
    assert (back.status_code, back.headers["location"]) == (302, PAGE)
    assert browser.go(PAGE).status_code == 200


@pytest.mark.parametrize("error", ["login_required", "interaction_required", "invalid_request"])
def test_a_provider_that_says_no_leads_back_to_the_page(
    site: GatewayFixture, browser: Browser, error: str
) -> None:
    site.op.callback.update(code=None, error=error)
    before = site.ticket(browser)
    back = browser.through_provider(browser.go(PAGE))
    assert (back.status_code, back.headers["location"]) == (302, PAGE)
    assert site.ticket(browser) == before
    for _ in range(2):
        assert browser.go(PAGE).status_code == 403, "no loop"
    site.clock.ahead += 31
    assert browser.go(PAGE).status_code == 302


def test_still_without_the_right_is_no_loop(site: GatewayFixture, browser: Browser) -> None:
    assert browser.through_provider(browser.go(PAGE)).headers["location"] == PAGE
    assert browser.go(PAGE).status_code == 403


def test_nobody_becomes_somebody_else_in_silence(site: GatewayFixture, browser: Browser) -> None:
    site.op.claims.update(vo_orgcode="0777000187", ovam_rol_3d=RIGHTS["ovam_rol_3d"])
    before = site.ticket(browser)
    assert browser.through_provider(browser.go(PAGE)).headers["location"] == PAGE
    assert site.ticket(browser) == before
    assert browser.go(PAGE).status_code == 403
    assert browser.call("/oauth2/userinfo").json()["organisation"]["code"] == "0428315871"


def test_only_pages_are_sent_away(site: GatewayFixture, browser: Browser) -> None:
    assert browser.call(PAGE).status_code == 403
    assert browser.go(PAGE, method="HEAD").status_code == 403


def test_a_refresh_token_needs_no_detour(site: GatewayFixture) -> None:
    del site.op.token_answer["refresh_token"]
    with site.browser() as browser:
        browser.log_in()
        assert browser.go(PAGE).status_code == 403
        site.clock.ahead += 12
        assert browser.go(PAGE).status_code == 403
        refreshed = site.op.seen["token"]
        assert browser.go(PAGE).status_code == 403
        assert site.op.seen["token"] == refreshed, "not at every press of F5"
        site.op.claims.update(RIGHTS)
        site.clock.ahead += 12
        answer = browser.go(PAGE)
        assert (answer.status_code, answer.headers["location"]) == (302, PAGE)
        assert browser.go(PAGE).status_code == 200


def test_by_default_no_browser_is_sent_past_the_provider(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with scripted_gateway(tmp_path_factory.mktemp("never")) as site, site.browser() as browser:
        site.op.claims.update(WITHOUT)
        site.op.token_answer["refresh_token"] = "absent"
        browser.log_in()
        site.clock.ahead += 100
        assert browser.go(PAGE).status_code == 403
