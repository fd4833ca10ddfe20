"""What is remembered of a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import CALL, Browser, GatewayFixture
from tests.upstream.raw_client import Answer, converse

Records = Callable[[httpx2.Response], list[dict[str, Any]]]


def test_a_record_says_who_what_and_by_which_rules(
    gate: GatewayFixture, alice: Browser, records_of: Records
) -> None:
    (record,) = records_of(alice.call("/echo/x"))
    assert record["rules"] == gate.gateway.areas.rules.reload.rules().hash
    assert record["who"]["organisation"] == "0428315871"
    assert record["session"]
    assert "alice" not in str(record)


def test_own_endpoints_are_recorded_as_such(alice: Browser, records_of: Records) -> None:
    (record,) = records_of(alice.call("/oauth2/access"))
    assert (record["verdict"], record["endpoint"]) == ("own", "/oauth2/access")


def test_errors_are_recorded_by_their_code(nobody: Browser, records_of: Records) -> None:
    # Not "not-found": other tests may have used up the room for records of these.
    (record,) = records_of(nobody.request("DELETE", "/oauth2/userinfo", headers=CALL))
    assert (record["verdict"], record["error"], record["status"]) == ("refused", "method-not-allowed", 405)


def records_about(gate: GatewayFixture, path: str) -> list[dict[str, Any]]:
    """All records of requests for this path, also of those that the listener refused."""
    gate.records_with(gate.browser().call("/public/marker").headers["x-request-id"])
    found = map(json.loads, gate.records.read_text().splitlines())
    return [each for each in found if path in (each.get("path"), each.get("asked", {}).get("target"))]


def sent_badly(gate: GatewayFixture, browser: Browser, path: str, framing: str, *body: bytes) -> Answer:
    """The answer to a POST whose client stops sending after these pieces; the first comes along with the head."""
    cookies = browser.headers({})["cookie"]
    lines = f"Host: localhost:{gate.port}\r\nCookie: {cookies}\r\nOrigin: {gate.url}\r\n{framing}"
    head = f"POST {path} HTTP/1.1\r\n{lines}\r\n\r\n".encode()
    talk = converse(gate.port, head + body[0], *body[1:], half_close=True, pause=0.2)
    (answer,) = (each for each in talk.answers if each.status != 100)
    return answer


@pytest.mark.parametrize(
    ("path", "framing", "body", "reason", "forwarded"),
    [
        ("/echo/short", "Content-Length: 100000", b"x", "incomplete", "no"),
        ("/echo/cut", "Content-Length: 100000", b"x" * 20_000, "incomplete", "partly"),
        ("/echo/odd", "Transfer-Encoding: chunked", b"1\r\nx\r\nnonsense\r\n", "malformed", "no"),
    ],
)
def test_a_body_that_ends_badly_leaves_one_record_that_says_whose_and_what_was_answered(
    gate: GatewayFixture, alice: Browser, path: str, framing: str, body: bytes, reason: str, forwarded: str
) -> None:
    answer = sent_badly(gate, alice, path, framing, b"", body)
    (record,) = records_about(gate, path)
    assert [record["request_id"]] == answer.values("x-request-id")
    assert (answer.status, record["status"], record["error"]) == (400, 400, "bad-request")
    assert (record["verdict"], record["rule"], "who" in record) == ("allow", "echo", True)
    assert record["answer"]["shown"] == "listener"
    assert record["answer"]["facts"] == {"reason": reason}
    assert record["answer"]["forwarded"] == forwarded


def test_a_body_that_ends_badly_before_anybody_looked_at_its_request_leaves_one_record(
    gate: GatewayFixture, alice: Browser
) -> None:
    answer = sent_badly(gate, alice, "/echo/at-once", "Transfer-Encoding: chunked", b"nonsense\r\n")
    (record,) = records_about(gate, "/echo/at-once")
    assert [record["request_id"]] == answer.values("x-request-id")
    assert (record["status"], record["reason"]) == (400, "malformed")


def test_a_body_of_an_own_endpoint_that_ends_badly_leaves_one_record(
    gate: GatewayFixture, alice: Browser
) -> None:
    framing = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100"
    answer = sent_badly(gate, alice, "/oauth2/logout/backchannel", framing, b"", b"x")
    (record,) = records_about(gate, "/oauth2/logout/backchannel")
    assert [record["request_id"]] == answer.values("x-request-id")
    assert (record["status"], record["error"]) == (400, "bad-request")
