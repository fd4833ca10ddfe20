"""To the register and back."""

from __future__ import annotations

import httpx2
import pytest

from gateway.endpoints import access
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


def upstream_errors(gate: GatewayFixture) -> list[str]:
    gate.gateway.metrics.hand_over()
    lines = gate.gateway.metrics.exposition()[0].decode().splitlines()
    return [line for line in lines if line.startswith("toegangspoort_upstream_errors_total{")]


def test_only_what_fails_at_the_register_counts_as_its_failure(
    gate: GatewayFixture, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = upstream_errors(gate)
    with monkeypatch.context() as busy:
        busy.setattr(access, "_MOST_WAITING", -1)
        assert alice.call("/oauth2/access").json()["code"] == "overloaded"
    assert upstream_errors(gate) == before
    pool = gate.gateway.upstreams.default.pools[0]
    monkeypatch.setattr(pool, "address", pool.address._replace(port=9))
    monkeypatch.setattr(pool._idle, "take", lambda **_: None)
    assert alice.call("/echo").json()["code"] == "upstream-unreachable"
    assert any('error="upstream-unreachable"' in line for line in upstream_errors(gate))
