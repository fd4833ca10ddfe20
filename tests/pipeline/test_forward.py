"""To the register and back."""

from __future__ import annotations

import httpx2
import pytest

from tests.gateway_fixture import Browser, GatewayFixture


def test_the_response_carries_the_id_of_the_request(gate: GatewayFixture, alice: Browser) -> None:
    response = alice.call("/echo")
    assert gate.upstream.seen[-1][2]["x-request-id"] == response.headers["x-request-id"]


def test_a_stream_ends_with_its_session(gate: GatewayFixture, alice: Browser) -> None:
    with alice.stream("GET", "/events") as stream:
        parts = stream.iter_raw()
        assert next(parts)
        with gate.browser() as other:
            other.cookies = dict(alice.cookies)
            other.post("/oauth2/logout/local", headers={"sec-fetch-site": "same-origin"})
        with pytest.raises(httpx2.TransportError):
            for _ in parts:
                pass
