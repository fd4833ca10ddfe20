"""Which method an own path takes."""

from __future__ import annotations

import pytest

from tests.gateway_fixture import CALL, PAGE, GatewayFixture


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/oauth2/start", "GET"),
        ("DELETE", "/oauth2/sign_out", "GET, POST"),
        ("GET", "/oauth2/session/refresh", "POST"),
        ("PUT", "/.well-known/jwks.json", "GET, HEAD"),
        ("GET", "/oauth2/logout/backchannel", "POST"),
    ],
)
def test_other_methods_are_refused_with_those_that_it_takes(
    gate: GatewayFixture, method: str, path: str, allow: str
) -> None:
    response = gate.client.request(method, gate.url + path, headers=CALL)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert response.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize("path", ["/oauth2/start", "/oauth2/sign_in", "/oauth2/login"])
@pytest.mark.parametrize("name", ["rd", "redirect"])
def test_a_login_begins_under_the_names_that_other_proxies_have(
    gate: GatewayFixture, path: str, name: str
) -> None:
    with gate.browser() as browser:
        answer = browser.go(f"{path}?{name}=/echo/x")
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(gate.acm.issuer)
        assert any("-flow-" in each for each in browser.cookies)


@pytest.mark.parametrize("path", ["/oauth2/sign_out", "/oauth2/logout"])
def test_so_does_a_logout(gate: GatewayFixture, path: str) -> None:
    answer = gate.client.get(gate.url + path, headers=PAGE)
    assert answer.status_code in (200, 302, 303)
    other = gate.client.post(f"{gate.url}/oauth2/backchannel-logout", data={"logout_token": "x"})
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path", ["/oauth2", "/oauth2/", "/oauth2/start/", "/oauth2/session/x", "/oauth2/85073003328"]
)
def test_nothing_else_exists_below_the_reserved_prefix(gate: GatewayFixture, path: str) -> None:
    response = gate.client.get(gate.url + path, headers=CALL)
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("name", ["sec-purpose", "purpose", "x-moz", "x-purpose"])
def test_what_is_fetched_ahead_of_time_neither_begins_nor_ends_a_login(
    gate: GatewayFixture, cookies: dict[str, str], name: str
) -> None:
    person = {**PAGE, "cookie": cookies["indiener"]}
    ahead = {**person, name: "prefetch"}
    for path in (
        "/oauth2/start?rd=/echo",
        "/oauth2/callback?code=x&state=y",
        "/oauth2/sign_out",
        "/oauth2/sign_out?everywhere",
        "/oauth2/logout/local",
        "/oauth2/logout/callback",
        "/oauth2/switch",
        "/oauth2/access",
        "/oauth2/resume",
        "/oauth2/logout/frontchannel?iss=x&sid=x",
    ):
        answer = gate.client.get(gate.url + path, headers=ahead)
        assert (answer.status_code, answer.json()["reason"]) == (400, "prefetch"), path
        assert "set-cookie" not in answer.headers
    for headers in (ahead, person):
        assert gate.client.get(f"{gate.url}/oauth2/session", headers=headers).status_code == 200
