"""What a refused request gets: a login, a page or a problem document."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.gateway_fixture import CALL, PAGE, Browser, GatewayFixture


def test_a_navigation_of_nobody_goes_to_the_login_and_comes_back(
    gate: GatewayFixture, nobody: Browser
) -> None:
    answer = nobody.go("/echo/a?b=1")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(gate.op.issuer)
    assert nobody.through_provider(answer).headers["location"] == "/echo/a?b=1"


def test_a_call_of_a_script_gets_401_and_the_address_of_the_login(nobody: Browser) -> None:
    answer = nobody.call("/echo")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert urlsplit(answer.json()["login_url"]).path == "/oauth2/start"
    assert "set-cookie" not in answer.headers


def test_a_login_that_is_too_weak_leads_to_a_stronger_one(alice: Browser) -> None:
    answer = alice.go("/strong")
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["location"]).query)["acr_values"]


def test_errors_are_pages_for_people_and_data_for_programs(alice: Browser) -> None:
    page = alice.get("/oauth2/nothing", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = alice.get("/oauth2/nothing", headers=CALL)
    assert problem.json()["request_id"] == problem.headers["x-request-id"]
    assert problem.headers["cache-control"] == "no-store"
