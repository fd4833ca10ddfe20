"""Scripts of other sites: preflights that the gateway answers, and answers that they may read."""

from __future__ import annotations

import httpx2
import pytest

from tests.gateway_fixture import CALL, Browser
from tests.pipeline.conftest import APP, Sites


def preflight(browser: Browser, path: str, method: str, origin: str = APP) -> httpx2.Response:
    lines = {"origin": origin, "access-control-request-method": method}
    return browser.request("OPTIONS", path, headers=lines)


def cors(response: httpx2.Response) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in response.headers.items()
        if name.startswith("access-control-")
    }


def varies(response: httpx2.Response) -> bool:
    return "origin" in ", ".join(response.headers.get_list("vary"))


def test_a_preflight_is_answered_for_the_method_that_it_asks_about(sites: Sites) -> None:
    seen = len(sites.main.seen)
    response = preflight(sites.gate.browser(), "/api/x", "PUT")
    assert response.status_code == 204
    assert cors(response) == {
        "allow-origin": APP,
        "allow-credentials": "true",
        "allow-methods": "PUT",
        "allow-headers": "x-csrf",
        "max-age": "3600",
    }
    assert varies(response)
    assert len(sites.main.seen) == seen


def test_a_method_of_another_rule_is_not_allowed(sites: Sites) -> None:
    response = preflight(sites.gate.browser(), "/api/x", "DELETE")
    assert (response.status_code, cors(response)) == (401, {})


def test_another_site_is_not_allowed(sites: Sites) -> None:
    for origin in ("https://evil.test", "null", f"{APP}.evil.test", APP.upper()):
        response = preflight(sites.gate.browser(), "/api/x", "GET", origin)
        assert (response.status_code, cors(response)) == (204, {})
        assert varies(response)


def test_options_that_is_no_preflight_goes_its_way(sites: Sites) -> None:
    assert sites.gate.browser().request("OPTIONS", "/api/x", headers={"origin": APP}).status_code == 401


def test_a_refusal_can_be_read(sites: Sites) -> None:
    browser = sites.gate.browser()
    response = browser.call("/api/x", origin=APP)
    assert response.status_code == 401
    assert response.json()["code"] == "login-required"
    expected = {"allow-origin": APP, "allow-credentials": "true", "expose-headers": "x-total"}
    assert cors(response) == expected
    assert varies(response)
    other = browser.call("/api/x", origin="https://evil.test")
    assert (cors(other), varies(other)) == ({}, True)


def test_so_can_an_answer(sites: Sites) -> None:
    browser = sites.gate.browser()
    browser.log_in()
    for _ in range(2):  # the second time in plain calls
        assert cors(browser.call("/api/x", origin=APP))["allow-origin"] == APP
        assert cors(browser.call("/api/x")) == {}


def test_what_the_upstream_says_in_part_adds_nothing(sites: Sites) -> None:
    browser = sites.gate.browser()
    for _ in range(2):  # the second time in plain calls
        assert cors(browser.call("/half/x", origin=APP)) == {"allow-origin": APP}
        assert cors(browser.call("/half/x", origin="https://evil.test")) == {}
    whole = cors(browser.call("/half/whole/x", origin=APP))
    assert (whole["allow-origin"], whole["allow-credentials"]) == ("https://other.test", "true")


def test_a_redirect_can_be_followed(sites: Sites) -> None:
    response = sites.gate.browser().call("/moved", origin=APP)
    assert (response.status_code, cors(response)["allow-origin"]) == (302, APP)
    other = sites.gate.browser().call("/moved", origin="https://evil.test")
    assert (other.status_code, cors(other), varies(other)) == (302, {}, True)


def test_every_site_gets_no_credentials(sites: Sites) -> None:
    response = sites.gate.browser().call("/feed", origin="https://any.test")
    assert cors(response) == {"allow-origin": "*"}


def test_rules_without_it_say_nothing(sites: Sites) -> None:
    response = sites.gate.browser().request("GET", "/filed/x", headers=CALL | {"origin": APP})
    assert (response.status_code, cors(response), varies(response)) == (401, {}, False)


@pytest.mark.parametrize("path", ["/api/../x", "/oauth2/session"])
def test_what_no_rule_decides_stays_as_it_is(sites: Sites, path: str) -> None:
    lines = {"origin": APP, "access-control-request-method": "GET"}
    assert cors(sites.gate.browser().request("OPTIONS", path, headers=lines)) == {}
