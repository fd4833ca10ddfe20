"""/robots.txt keeps search engines out, unless the register may say so itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gateway_fixture import OPEN_RULES, GatewayFixture, scripted_gateway

ASKED = "User-agent: *\nDisallow: /\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with scripted_gateway(tmp_path_factory.mktemp("robots")) as found:
        yield found


def test_nothing_is_open_to_robots(site: GatewayFixture) -> None:
    answer = site.client.get(f"{site.url}/robots.txt")
    assert (answer.status_code, answer.text) == (200, ASKED)
    assert answer.headers["content-type"].startswith("text/plain")
    with site.browser() as browser:
        browser.log_in()
        assert browser.go("/robots.txt").text == ASKED
    assert not site.upstream.seen
    (record,) = site.records_with(answer.headers["x-request-id"])
    assert (record["verdict"], record["endpoint"]) == ("own", "/robots.txt")


def test_other_methods_and_spellings_are_for_the_rules(site: GatewayFixture) -> None:
    assert site.client.post(f"{site.url}/robots.txt").status_code == 401
    assert site.client.get(f"{site.url}/x/robots.txt").status_code == 401


def test_the_registers_own_is_read_where_anyone_may(tmp_path: Path) -> None:
    rules = [{"id": "robots", "match": {"path": "/robots.txt"}, "require": ["anyone"]}, *OPEN_RULES]
    with scripted_gateway(tmp_path, rules=rules) as site:
        answer = site.client.get(f"{site.url}/robots.txt")
        assert answer.json()["target"] == "/robots.txt"
