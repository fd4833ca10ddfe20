"""When a browser should look once more: to renew its proof from a page of this site, or while it binds its session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bound_browser import BoundBrowser, Registration
from tests.gateway_fixture import OPEN_RULES, PAGE, GatewayFixture, scripted_gateway

RULES: list[Any] = [
    {"id": "strict", "match": {"path": "/strict/**"}, "require": [{"assurance": {"bound": True}}]},
    *OPEN_RULES,
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("refresh"), rules=RULES, session={"bound": {}}) as found:
        yield found


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_page_from_elsewhere_looks_at_itself_before_a_login(gate: GatewayFixture, site: str) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        bound.log_in()
        bound.expire()
        answer = plain.page("/echo", **{"sec-fetch-site": site, "accept-language": "nl"})
        assert (answer.status_code, answer.headers["refresh"]) == (401, "0")
        assert "Uw browser moet bevestigen dat u het nog bent" in answer.text
        # A page of this site that still has no proof goes to the login, as a browser without the key does.
        again = plain.page("/echo", **{"sec-fetch-site": "same-origin"})
        assert (again.status_code, "refresh" in again.headers) == (302, False)
        assert plain.page("/echo").status_code == 302, "no browser that says where it comes from"
        assert bound.go("/echo").status_code == 200


def test_a_page_that_asks_for_a_bound_session_waits_for_it_after_the_login(gate: GatewayFixture) -> None:
    with gate.browser() as plain:
        offer = Registration(plain.log_in())
        answer = plain.page("/strict/x")
        assert (answer.status_code, answer.headers["refresh"]) == (403, "2")
        bound = BoundBrowser(plain)
        bound.register(offer)
        assert bound.go("/strict/x").status_code == 200


def test_a_browser_that_never_binds_reads_what_helps(gate: GatewayFixture) -> None:
    with gate.browser() as plain:
        plain.log_in()
        gate.clock.ahead += 21
        answer = plain.page("/strict/x", **{"accept-language": "nl"})
        assert (answer.status_code, "refresh" in answer.headers) == (403, False)
        assert "koppelt, zodat niemand anders" in answer.text
        assert "een recente versie van Google Chrome" in answer.text
        problem = plain.call("/strict/x").json()
        assert problem["missing"][0][0]["kind"] == "binding"
        assert plain.page("/echo").status_code == 200


def test_nobody_is_sent_to_the_login_first(gate: GatewayFixture) -> None:
    with gate.browser() as nobody:
        assert nobody.go("/strict/x", headers=PAGE).status_code == 302
