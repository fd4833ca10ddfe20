"""To the register and back."""

from __future__ import annotations

import json
import socket
from base64 import urlsafe_b64decode
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway.endpoints import access
from tests.gateway_fixture import Browser, GatewayFixture
from tests.pipeline.conftest import Sites
from tests.waiting import until


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
    gate.gateway.areas.observers.metrics.hand_over()
    lines = gate.gateway.areas.observers.metrics.exposition()[0].decode().splitlines()
    return [line for line in lines if line.startswith("toegangspoort_upstream_errors_total{")]


def test_only_what_fails_at_the_register_counts_as_its_failure(
    gate: GatewayFixture, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = upstream_errors(gate)
    with monkeypatch.context() as busy:
        busy.setattr(access, "_MOST_WAITING", -1)
        assert alice.call("/oauth2/access").json()["code"] == "overloaded"
    assert upstream_errors(gate) == before
    pool = gate.gateway.areas.register.upstreams.default.pools[0]
    monkeypatch.setattr(pool, "address", pool.address._replace(port=9))
    monkeypatch.setattr(pool._idle, "take", lambda **_: None)
    assert alice.call("/echo").json()["code"] == "upstream-unreachable"
    assert any('error="upstream-unreachable"' in line for line in upstream_errors(gate))


def test_a_rule_picks_its_upstream(sites: Sites) -> None:
    browser = sites.gate.browser()
    browser.log_in()
    for _ in range(2):  # the second time in plain calls
        response = browser.call("/reports/1?q=2")
        assert response.json()["target"] == "/1?q=2"
        method, target, headers, _ = sites.reports.seen[-1]
        assert (method, target) == ("GET", "/1?q=2")
        assert headers["x-forwarded-prefix"] == "/reports"
        assert (
            headers["host"]
            == urlsplit(sites.gate.gateway.areas.register.upstreams.by_name["reports"].settings.name).netloc
        )
    assert all(target != "/1?q=2" for _, target, _, _ in sites.main.seen)


def test_each_upstream_gets_an_assertion_for_itself(sites: Sites) -> None:
    browser = sites.gate.browser()
    browser.log_in()
    audiences = []
    for path, seen in (
        ("/reports/1", sites.reports.seen),
        ("/echo", sites.main.seen),
        ("/reports/1", sites.reports.seen),
    ):
        browser.call(path)
        token = seen[-1][2]["x-toegangspoort-assertion"]
        audiences.append(json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))["aud"])
    settings = sites.gate.gateway.settings
    assert audiences == [
        settings.upstreams["reports"].name,
        settings.upstream.name,
        settings.upstreams["reports"].name,
    ]


def test_a_rule_changes_headers_both_ways(sites: Sites) -> None:
    for _ in range(2):
        response = sites.gate.browser().call("/headers", **{"x-tenant": "b", "accept-language": "nl"})
        assert response.headers["content-security-policy"] == "default-src 'self'"
        seen = sites.main.seen[-1][2]
        assert seen["x-tenant"] == "a"
        assert "accept-language" not in seen


def test_a_rule_limits_bodies(sites: Sites) -> None:
    browser = sites.gate.browser()
    assert browser.post("/headers", content=b"1234").status_code == 200
    response = browser.post("/headers", content=b"12345")
    assert (response.status_code, response.json()["code"]) == (413, "content-too-large")
    assert browser.post("/headers", content=iter([b"123", b"45"])).status_code == 413


def test_a_rule_says_how_long_its_upstream_may_take(sites: Sites) -> None:
    response = sites.gate.browser().call("/mute/hasty")
    assert (response.status_code, response.json()["code"]) == (504, "upstream-timeout")


def test_who_waits_in_line_for_too_long_learns_when_to_come_back(sites: Sites) -> None:
    sites.mute.clear()
    with socket.create_connection(("127.0.0.1", sites.gate.port), timeout=10) as first:
        first.sendall(b"GET /mute/x HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % sites.gate.port)
        assert until(lambda: sites.mute.begun)
        response = sites.gate.browser().call("/mute/hasty")
    assert (response.status_code, response.json()["code"]) == (503, "overloaded")
    assert int(response.headers["retry-after"]) > 0
    assert len(sites.mute.begun) == 1


def test_who_comes_while_no_server_takes_requests_learns_when_to_come_back(sites: Sites) -> None:
    browser = sites.gate.browser()
    assert browser.call("/away/x").json()["code"] == "upstream-unreachable"
    response = browser.call("/away/x")
    assert (response.status_code, response.json()["code"]) == (503, "upstream-out")
    assert 1 <= int(response.headers["retry-after"]) <= 20
