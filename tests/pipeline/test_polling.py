"""Polls: what pages ask by themselves keeps no session alive, what a person does keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.gateway_fixture import CALL, Browser, GatewayFixture, scripted_gateway
from tests.waiting import until

AJAX = CALL | {
    "faces-request": "partial/ajax",
    "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
}
POLLING = [{"path": "/status/**"}, {"path": "/lijst.xhtml", "source": "*:poll"}]


@pytest.fixture(scope="module", params=["5s", "0s"])
def gate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayFixture]:
    session = {"idle_timeout": "30m", "cache_ttl": request.param, "polling": POLLING}
    with scripted_gateway(tmp_path_factory.mktemp("polling"), session=session) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    gate.clock.ahead += 20
    with gate.browser() as found:
        found.log_in()
        gate.clock.ahead += 100
        yield found


def idle_for(browser: Browser) -> int:
    """For how many seconds the session has not been used, give or take a few. A use is stored a moment after it."""
    left: int = browser.call("/oauth2/session").json()["idle_in_seconds"]
    return 1_800 - left


def ajax(source: str, name: str = "javax.faces.source", pad: int = 0) -> str:
    fields = {
        "javax.faces.partial.ajax": "true",
        name: source,
        "pad": "x" * pad,
        "javax.faces.ViewState": "1",
    }
    return urlencode(fields)


@pytest.mark.parametrize("path", ["/status", "/status/queue?x=1"])
def test_a_path_of_polls_does_not_count(browser: Browser, path: str) -> None:
    assert browser.call(path).status_code == 200
    assert browser.post(path, content=b"a=1", headers=AJAX).status_code == 200
    assert idle_for(browser) >= 95


def test_any_other_path_counts(browser: Browser) -> None:
    assert browser.call("/statuses").status_code == 200
    assert until(lambda: idle_for(browser) <= 5)


@pytest.mark.parametrize("name", ["javax.faces.source", "jakarta.faces.source"])
def test_a_component_that_polls_does_not_count(gate: GatewayFixture, browser: Browser, name: str) -> None:
    body = ajax("form:poll", name)
    assert browser.post("/lijst.xhtml", content=body, headers=AJAX).status_code == 200
    assert gate.upstream.seen[-1][3] == body.encode()
    assert idle_for(browser) >= 95


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ajax("form:save"), AJAX),
        (ajax("form:poll") + "&javax.faces.source=form:save", AJAX),
        (ajax("form:poll", "source"), AJAX),
        (ajax("form:poll", pad=70_000), AJAX),
        (ajax("form:poll"), AJAX | {"faces-request": "other"}),
        (ajax("form:poll"), AJAX | {"content-type": "text/plain"}),
        ("", AJAX),
    ],
    ids=["button", "two", "none", "long", "no-ajax", "no-form", "empty"],
)
def test_everything_else_on_its_page_counts(
    gate: GatewayFixture, browser: Browser, body: str, headers: dict[str, str]
) -> None:
    assert browser.post("/lijst.xhtml", content=body, headers=headers).status_code == 200
    assert gate.upstream.seen[-1][3] == body.encode()
    assert until(lambda: idle_for(browser) <= 5)


@pytest.mark.parametrize("headers", [{}, AJAX])
def test_opening_the_page_counts(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.page("/lijst.xhtml", **headers).status_code == 200
    assert until(lambda: idle_for(browser) <= 5)


def test_a_session_ends_under_its_polls(gate: GatewayFixture, browser: Browser) -> None:
    for _ in range(18):
        gate.clock.ahead += 100
        answer = browser.post("/lijst.xhtml", content=ajax("form:poll"), headers=AJAX)
    assert answer.status_code == 200
    assert b"<redirect url=" in answer.content
    assert browser.call("/status").status_code == 401
