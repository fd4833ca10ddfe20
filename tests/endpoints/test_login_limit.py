"""How many logins one client begins."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.gateway_fixture import CALL, PAGE, GatewayFixture, scripted_gateway


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("limit"),
        provider_settings={"login_limit": {"burst": 3, "every": "10m"}},
        edge={"trusted_proxies": ["127.0.0.1/32", "::1/128"]},
    ) as found:
        yield found


def test_a_client_that_begins_too_many_logins_waits(gate: GatewayFixture) -> None:
    def go(path: str, address: str, headers: dict[str, str] = PAGE) -> tuple[int, str | None]:
        with gate.browser() as browser:
            answer = browser.get(path, headers=headers | {"x-forwarded-for": address})
            return answer.status_code, answer.headers.get("retry-after")

    mallory = "192.0.2.66"
    paths = ("/oauth2/start?rd=/x", "/echo/page", "/oauth2/start?rd=/x")
    assert [go(path, mallory)[0] for path in paths] == [302] * 3
    for path in paths:
        status, after = go(path, mallory)
        assert status == 429
        assert after is not None
        assert 590 <= int(after) <= 600
    assert go("/public/x", mallory)[0] == 200
    assert go("/echo/page", mallory, CALL)[0] == 401, "no login begins"
    assert go("/echo/page", "192.0.2.67")[0] == 302
    sixes = [go("/echo/page", f"2001:db8::{number:x}")[0] for number in range(4)]
    assert sixes == [302, 302, 302, 429]


def test_the_page_says_to_wait(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        for _ in range(4):
            answer = browser.get(
                "/oauth2/start", headers=PAGE | {"x-forwarded-for": "192.0.2.70", "accept-language": "en"}
            )
    assert answer.status_code == 429
    assert re.search(r"You sent too many requests. Try again at \d[^(]+ \(in 10 minutes\)", answer.text)
    assert answer.headers["cache-control"] == "no-store"
