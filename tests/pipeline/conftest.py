"""One gateway for the tests of the stages, in front of an upstream that answers with what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import OPEN_RULES, Browser, GatewayFixture, scripted_gateway

RULES = [
    {"id": "strong", "match": {"path": "/strong"}, "require": [{"assurance": {"level": 35}}]},
    *OPEN_RULES,
]


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("pipeline"), rules=RULES) as found:
        yield found


@pytest.fixture
def nobody(gate: GatewayFixture) -> Browser:
    """A browser without a session."""
    return gate.browser()


@pytest.fixture
def alice(gate: GatewayFixture) -> Browser:
    """Somebody who just logged in."""
    browser = gate.browser()
    browser.log_in()
    return browser


@pytest.fixture
def records_of(gate: GatewayFixture) -> Callable[[httpx2.Response], list[dict[str, Any]]]:
    """All decision records of a request, by its response. Records follow the response in order."""

    def find(response: httpx2.Response) -> list[dict[str, Any]]:
        # A later request's record is there: so are all of the earlier one.
        marker = gate.browser().call("/public/marker").headers["x-request-id"]
        for _ in range(200):
            records = [json.loads(line) for line in gate.records.read_text().splitlines()]
            if any(record.get("request_id") == marker for record in records):
                wanted = response.headers["x-request-id"]
                return [record for record in records if record.get("request_id") == wanted]
            gate.browser().call("/public/wait")
        raise AssertionError("the records were not written")

    return find


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Asks again until it is so; each question is a request, which takes its time."""

    def wait(true: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if true():
                return
        raise AssertionError("it did not come")

    return wait
