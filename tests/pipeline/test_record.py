"""What is remembered of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2

from tests.gateway_fixture import Browser, GatewayFixture

Records = Callable[[httpx2.Response], list[dict[str, Any]]]


def test_a_record_says_who_what_and_by_which_rules(
    gate: GatewayFixture, alice: Browser, records_of: Records
) -> None:
    (record,) = records_of(alice.call("/echo/x"))
    assert record["rules"] == gate.gateway.reload.rules().hash
    assert record["who"]["organisation"] == "0428315871"
    assert record["session"]
    assert "alice" not in str(record)


def test_own_endpoints_are_recorded_as_such(alice: Browser, records_of: Records) -> None:
    (record,) = records_of(alice.call("/oauth2/access"))
    assert (record["verdict"], record["endpoint"]) == ("own", "/oauth2/access")


def test_errors_are_recorded_by_their_code(nobody: Browser, records_of: Records) -> None:
    (record,) = records_of(nobody.call("/oauth2/nothing"))
    assert (record["verdict"], record["error"], record["status"]) == ("refused", "not-found", 404)
