"""One gateway for the tests of the stages, in front of an upstream that answers with what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import OPEN_RULES, Browser, EchoUpstream, GatewayFixture, scripted_gateway
from tests.running import RawUpstream, raw_upstream, serving
from tests.waiting import until

RULES = [
    {"id": "closed", "match": {"path": "/closed/**"}, "require": [{"network": ["203.0.113.0/24"]}]},
    {"id": "strong", "match": {"path": "/strong"}, "require": [{"assurance": {"level": 35}}]},
    *OPEN_RULES,
]


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("pipeline"), rules=RULES) as found:
        yield found


_PATIENCE = 20.0
APP = "https://app.test"
CORS = {"origins": [APP], "credentials": True, "headers": ["X-Csrf"], "expose": ["X-Total"], "max_age": "1h"}
# Rules that say more than who may pass; `reports` is the second upstream.
HANDLING_RULES = [
    {"id": "reports", "match": {"path": "/reports/**"}, "upstream": "reports", "require": ["anyone"]},
    {
        "id": "old",
        "match": {"path": "/old/{id}"},
        "redirect": {"to": "/new/{id}", "status": 308},
        "require": ["anyone"],
    },
    {
        "id": "gone",
        "match": {"path": "/gone/**"},
        "redirect": {"to": "https://other.test/"},
        "require": ["authenticated"],
    },
    {
        "id": "headers",
        "match": {"path": "/headers"},
        "max_body": 4,
        "request_headers": {"set": {"X-Tenant": "a"}, "remove": ["Accept-Language"]},
        "response_headers": {"set": {"Content-Security-Policy": "default-src 'self'"}, "remove": ["X-Extra"]},
        "require": ["anyone"],
    },
    {
        "id": "api",
        "match": {"path": "/api/**", "methods": ["GET", "PUT"]},
        "cors": CORS,
        "require": ["authenticated"],
    },
    {"id": "api-rest", "match": {"path": "/api/**"}, "require": ["authenticated"]},
    {
        "id": "moved",
        "match": {"path": "/moved"},
        "redirect": {"to": "/api/x"},
        "cors": CORS,
        "require": ["anyone"],
    },
    {
        "id": "half",
        "match": {"path": "/half/**"},
        "cors": {"origins": [APP]},
        "upstream": "half",
        "require": ["anyone"],
    },
    {
        "id": "hasty",
        "match": {"path": "/mute/hasty"},
        "upstream": "mute",
        "timeout": "100ms",
        "require": ["anyone"],
    },
    {"id": "mute", "match": {"path": "/mute/**"}, "upstream": "mute", "require": ["anyone"]},
    {"id": "away", "match": {"path": "/away/**"}, "upstream": "away", "require": ["anyone"]},
    {"id": "feed", "match": {"path": "/feed"}, "cors": {"origins": ["*"]}, "require": ["anyone"]},
]


def says_half(head: bytes) -> bytes:
    """An answer with some of the headers of CORS; below /half/whole/ with all."""
    own = b"Access-Control-Allow-Origin: https://other.test\r\n" if b"/whole/" in head else b""
    said = b"Access-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: X-Secret\r\n"
    return b"HTTP/1.1 200 OK\r\n%b%bContent-Length: 0\r\n\r\n" % (own, said)


@dataclass
class Sites:
    """A gateway before several upstreams; `mute` takes one request at a time, and never answers."""

    gate: GatewayFixture
    main: EchoUpstream
    reports: EchoUpstream
    mute: RawUpstream


@pytest.fixture(scope="package")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    main, reports = EchoUpstream(), EchoUpstream()
    with (
        raw_upstream(RawUpstream(answer=says_half)) as half,
        raw_upstream(RawUpstream(answer=lambda _: None)) as mute,
        serving(reports.app, lifespan="off") as running,
        scripted_gateway(
            tmp_path_factory.mktemp("sites"),
            backend=main,
            rules=[*HANDLING_RULES, *OPEN_RULES],
            upstreams={
                "reports": {"url": running.url, "strip_prefix": "/reports", "pass_host": False},
                "half": {"url": f"http://127.0.0.1:{half.port}"},
                "mute": {
                    "url": f"http://127.0.0.1:{mute.port}",
                    "max_connections": 1,
                    "queue_timeout": "100ms",
                },
                "away": {"url": "http://127.0.0.1:9", "breaker": {"failures": 1, "open_for": "20s"}},
            },
        ) as gate,
    ):
        yield Sites(gate, main, reports, mute)


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
    """All decision records of a request, by its response: one at least, which is written a moment after the response."""

    def find(response: httpx2.Response) -> list[dict[str, Any]]:
        gate.records_with(response.headers["x-request-id"])
        # A later request's record is there: so is whatever else there is of the earlier one.
        gate.records_with(gate.browser().call("/public/marker").headers["x-request-id"])
        return gate.records_with(response.headers["x-request-id"], 0)

    return find


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Asks again until it is so; each question is a request, which takes its time."""

    def wait(true: Callable[[], bool]) -> None:
        assert until(true, _PATIENCE, pause=0.02), "it did not come"

    return wait
