"""/oauth2/language over HTTP: whoever chooses a language gets the pages in it, on this site only."""

from __future__ import annotations

import httpx2
import pytest

from tests.endpoints.test_forwarding import ask
from tests.gateway_fixture import GatewayFixture


def choose(gate: GatewayFixture, query: str, **headers: str) -> httpx2.Response:
    return ask(gate, f"/oauth2/language?{query}", accept="text/html", **headers)


def test_a_chosen_language_stays(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    answer = choose(gate, "lang=en&rd=%2Foauth2%2Faccess")
    assert (answer.status_code, answer.headers["location"]) == (302, "/oauth2/access")
    chosen = answer.headers["set-cookie"]
    assert "-language=en; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax" in chosen
    ticket = cookies["indiener"]
    page = httpx2.get(
        f"{gate.url}/oauth2/access",
        headers={
            "cookie": f"{chosen.partition(';')[0]}; {ticket}",
            "accept": "text/html",
            "accept-language": "nl",
        },
    )
    assert '<html lang="en">' in page.text
    assert 'href="/oauth2/language?lang=nl&amp;rd=%2Foauth2%2Faccess" lang="nl"' in page.text


@pytest.mark.parametrize("lang", ["xx", "", "../nl", "nl&lang=en"])
def test_only_a_language_that_is_offered(gate: GatewayFixture, lang: str) -> None:
    answer = choose(gate, f"lang={lang}&rd=/")
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/", "/oauth2/sign_out", "%5Cevil.test"])
def test_nobody_is_led_elsewhere(gate: GatewayFixture, back: str) -> None:
    assert choose(gate, f"lang=nl&rd={back}").headers["location"] == "/"


def test_another_site_chooses_nothing(gate: GatewayFixture) -> None:
    answer = choose(gate, "lang=en&rd=/a", **{"sec-fetch-site": "cross-site"})
    assert answer.headers["location"] == "/a"
    assert "set-cookie" not in answer.headers
