"""A request through all stages: where it stops, one record for each request, and judging again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx2

from tests.gateway_fixture import PAGE, Browser, GatewayFixture
from tests.leftovers import nothing_left

Records = Callable[[httpx2.Response], list[dict[str, Any]]]
FORM = PAGE | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}


def test_an_allowed_request_leaves_one_record(alice: Browser, records_of: Records) -> None:
    response = alice.call("/echo")
    assert response.status_code == 200
    (record,) = records_of(response)
    assert (record["verdict"], record["rule"], record["status"]) == ("allow", "echo", 200)


def test_the_first_stage_that_refuses_is_the_last(
    nobody: Browser, gate: GatewayFixture, records_of: Records
) -> None:
    gate.upstream.seen.clear()
    unclear = nobody.call("/public/%2e%2e/echo")
    assert unclear.status_code == 400
    (record,) = records_of(unclear)
    assert (record["verdict"], record["rule"]) == ("refused", None)
    assert not [target for _, target, _, _ in gate.upstream.seen if "echo" in target]


def test_a_kept_form_is_one_request_with_one_record(gate: GatewayFixture, records_of: Records) -> None:
    browser = gate.browser()
    browser.log_in()
    gate.clock.ahead += 1_801
    kept = browser.post("/echo/x", content=b"a=1", headers=FORM)
    link = re.search(r'href="(/oauth2/start[^"]+)"', kept.text)
    assert link
    page = browser.page(browser.through_provider(browser.page(link[1])).headers["location"])
    action = re.search(r'action="([^"]+)"', page.text)
    token = re.search(r'name="tgp-token" value="([0-9a-f]{64})"', page.text)
    assert action
    assert token
    target = action[1].replace("&amp;", "&")
    sent = browser.post(target, content=f"tgp-token={token[1]}".encode(), headers=FORM)
    assert sent.json()["body"] == "a=1"
    (record,) = records_of(sent)
    assert (record["method"], record["path"], record["verdict"]) == ("POST", "/echo/x", "allow")
    assert "endpoint" not in record
    assert gate.upstream.seen[0][2]["x-request-id"]
    forwarded = [headers["x-request-id"] for method, _, headers, _ in gate.upstream.seen if method == "POST"]
    assert forwarded == [sent.headers["x-request-id"]]


def test_requests_are_counted_once(gate: GatewayFixture, alice: Browser) -> None:
    def counted() -> float:
        gate.gateway.areas.observers.metrics.hand_over()
        text = gate.gateway.areas.observers.metrics.exposition()[0].decode()
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith("toegangspoort_requests_total{")
        )

    before = counted()
    for _ in range(3):
        alice.call("/echo")
    # The count follows the response: a later one is only sent when the earlier one was counted.
    assert 2 <= counted() - before <= 3


def test_a_refused_request_leaves_nothing_for_the_garbage_collector(nobody: Browser) -> None:
    nobody.call("/echo")
    with nothing_left():
        for path in ("/echo", "/filed/x", "/public/%2e%2e/echo", "/oauth2/none"):
            assert nobody.call(path).status_code in (400, 401, 404)


def test_a_stream_that_its_client_leaves_leaves_nothing_either(
    alice: Browser, gate: GatewayFixture, records_of: Records
) -> None:
    with nothing_left():
        with alice.stream("GET", "/events") as response:
            next(response.iter_raw())
        gate.records_with(response.headers["x-request-id"])
        assert len(records_of(response)) == 1
