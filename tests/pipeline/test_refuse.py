"""What a refused request gets: a login, a page or a problem document."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.cases.engines import ENGINES, EngineCase
from tests.gateway_fixture import CALL, PAGE, Browser, GatewayFixture
from tests.upstream.raw_client import converse


def test_a_navigation_of_nobody_goes_to_the_login_and_comes_back(
    gate: GatewayFixture, nobody: Browser
) -> None:
    answer = nobody.go("/echo/a?b=1")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith((gate.op.issuer, "/oauth2/fragment?"))
    assert nobody.through_provider(answer).headers["location"] == "/echo/a?b=1"


def test_a_call_of_a_script_gets_401_and_the_address_of_the_login(nobody: Browser) -> None:
    answer = nobody.call("/echo")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert urlsplit(answer.json()["login_url"]).path == "/oauth2/start"
    assert "set-cookie" not in answer.headers


def test_a_login_that_is_too_weak_leads_to_a_stronger_one(alice: Browser) -> None:
    answer = alice.go("/strong")
    assert answer.status_code == 403
    assert "/oauth2/start?rd=%2Fstrong&amp;acr_values=" in answer.text
    assert "Deze pagina is extra beveiligd" in answer.text


def test_errors_are_pages_for_people_and_data_for_programs(alice: Browser) -> None:
    page = alice.get("/oauth2/nothing", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = alice.get("/oauth2/nothing", headers=CALL)
    assert problem.json()["request_id"] == problem.headers["x-request-id"]
    assert problem.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("case", ENGINES, ids=lambda case: case.id)
def test_each_kind_of_request_of_each_engine_gets_what_it_can_show(
    gate: GatewayFixture, nobody: Browser, case: EngineCase
) -> None:
    headers = {name: value.replace("http://localhost:8000", gate.url) for name, value in case.headers}
    kind = {"redirect": "text/html", "page": "text/html", "data": "application/problem+json"}[case.outcome]
    for path, status in (("/echo", 401), ("/closed/x", 403), ("/oauth2/nothing", 404)):
        body = b"a=b" if case.method == "POST" else None
        answer = nobody.request(case.method, path, headers={"accept": "", **headers}, content=body)
        if case.outcome == "redirect" and status == 401:
            assert answer.status_code == 302
            assert answer.headers["location"].startswith((gate.op.issuer, "/oauth2/fragment?"))
            continue
        ahead = status == 404 and "prefetch" in case.id
        assert answer.status_code == (400 if ahead else status)
        assert answer.headers["content-type"].startswith(kind)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_is_too_large_is_refused_with_a_page(gate: GatewayFixture, method: str) -> None:
    too_large = f"{method} /echo HTTP/1.1\r\nHost: localhost:{gate.port}\r\nContent-Length: {10**12}\r\n"
    for lines, kind in (("Accept: text/html\r\n", "text/html"), ("", "application/problem+json")):
        (answer,) = converse(gate.port, f"{too_large}{lines}\r\n".encode()).answers
        assert (answer.status, answer.values("content-type")[0].partition(";")[0]) == (413, kind)


def test_a_head_that_accepts_html_is_led_to_the_login(nobody: Browser) -> None:
    assert nobody.request("HEAD", "/echo", headers={"accept": "text/html"}).status_code == 302
    assert nobody.request("HEAD", "/echo", headers={"accept": "*/*"}).status_code == 401


def test_a_frame_is_not_led_to_another_login(alice: Browser) -> None:
    answer = alice.page("/strong", **{"sec-fetch-dest": "iframe"})
    assert answer.status_code == 403
    assert 'target="_top"' in answer.text
    assert "/oauth2/start?rd=" in answer.text
