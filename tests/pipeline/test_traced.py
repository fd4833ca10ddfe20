"""Requests as traces at a real collector: their stages, their calls, and one id through everything that is written."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.observe import span_sender
from gateway.reference import reference_of
from tests.collector import Collector, collector
from tests.gateway_fixture import Browser, EchoUpstream, GatewayFixture, scripted_gateway

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
RULES: list[Any] = [
    {"id": "closed", "match": {"path": "/closed/**"}, "require": [{"network": ["203.0.113.0/24"]}]},
    {"id": "public", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "slow", "match": {"path": "/slow"}, "timeout": "200ms", "require": ["authenticated"]},
    {"id": "echo", "match": {"path": "/**"}, "require": ["authenticated"]},
]


class SlowUpstream(EchoUpstream):
    """Answers /slow too late."""

    async def _answer(self, request: Request) -> Response:
        answer = await super()._answer(request)
        if request.url.path == "/slow":
            await asyncio.sleep(2)
        return answer


@pytest.fixture(scope="module")
def sink() -> Iterator[Collector]:
    with pytest.MonkeyPatch.context() as patched, collector() as found:
        patched.setattr(span_sender, "_EVERY_SECONDS", 0.02)
        yield found


@pytest.fixture(scope="module")
def gate(sink: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    """Traces every request; its clients come through a proxy at 127.0.0.1."""
    with scripted_gateway(
        tmp_path_factory.mktemp("traced"),
        rules=RULES,
        backend=SlowUpstream(),
        observe={"tracing": {"otlp": sink.url, "sample": 1.0}},
        edge={"trusted_proxies": ["127.0.0.1/32"]},
        fronts={"near": {"dialect": "nginx"}},
    ) as found:
        yield found


@pytest.fixture
def alice(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as browser:
        browser.log_in()
        yield browser


def test_each_stage_is_a_span(gate: GatewayFixture, alice: Browser, sink: Collector) -> None:
    answer = alice.call("/echo?zoek=85073003328")
    assert answer.status_code == 200
    spans = sink.trace(answer.headers["x-request-id"])
    root = spans["GET echo"]
    stages = ("admit", "route", "authenticate", "authorize", "attach", "forward", "record")
    assert {*stages, "GET echo", "upstream default"} <= set(spans)
    assert all(spans[stage].parent_id == root.span_id for stage in stages)
    begun = [spans[stage].start for stage in stages]
    assert begun == sorted(begun)
    assert all(root.start <= span.start <= span.end <= root.end for span in spans.values())
    assert root.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "toegangspoort.request_id": answer.headers["x-request-id"],
        "toegangspoort.rule": "echo",
        "toegangspoort.decision": "allow",
    }
    assert root.resource["service.name"] == "toegangspoort"
    assert root.resource["deployment.environment.name"] == "ti"
    call = spans["upstream default"]
    assert (call.parent_id, call.kind) == (spans["forward"].span_id, 3)
    assert call.attributes == {"toegangspoort.upstream": "default", "http.response.status_code": 200}
    # The register goes on with it.
    assert gate.upstream.seen[-1][2]["traceparent"] == f"00-{root.trace_id}-{call.span_id}-01"


def test_calls_to_the_provider_are_below_the_stage_that_makes_them(
    gate: GatewayFixture, sink: Collector
) -> None:
    with gate.browser() as browser:
        callback = browser.log_in()
        spans = sink.trace(callback.headers["x-request-id"])
        assert spans["GET"].attributes["toegangspoort.endpoint"] == "/oauth2/callback"
        for call in ("provider token", "store put"):
            assert (spans[call].parent_id, spans[call].kind) == (spans["route"].span_id, 3)
            assert spans["route"].start <= spans[call].start <= spans[call].end <= spans["route"].end


def test_no_person_and_no_path_is_in_a_trace(gate: GatewayFixture, alice: Browser, sink: Collector) -> None:
    answer = alice.call(
        "/echo/85073003328?zoek=geheim", **{"user-agent": "Chrome of Bram", "referer": "https://zoek.test"}
    )
    sink.trace(answer.headers["x-request-id"])
    identity = gate.op.claims
    written = repr(sink.spans)
    for secret in ("85073003328", "geheim", "zoek", "Bram", "127.0.0.1", alice.cookies[gate.session_cookie]):
        assert secret not in written
    assert all(
        str(value) not in written
        for name, value in identity.items()
        if name in ("sub", "email", "given_name")
    )


def test_the_trace_of_a_trusted_proxy_goes_on(gate: GatewayFixture, alice: Browser, sink: Collector) -> None:
    answer = alice.call("/echo", traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="a=1,b=2")
    spans = sink.of_request(answer.headers["x-request-id"])
    root = spans["GET echo"]
    assert (root.trace_id, root.parent_id, root.state) == (TRACE, SPAN, "a=1,b=2")
    seen = gate.upstream.seen[-1][2]
    assert seen["traceparent"] == f"00-{TRACE}-{spans['upstream default'].span_id}-01"
    assert seen["tracestate"] == "a=1,b=2"


def test_one_id_through_page_log_record_trace_and_upstream(
    gate: GatewayFixture, alice: Browser, sink: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody reads aloud from a page leads to everything that was written about that request."""
    lines = io.StringIO()
    monkeypatch.setattr(logging.getLogger().handlers[0], "stream", lines)
    page = alice.page("/slow")
    assert page.status_code == 504
    id_ = page.headers["x-request-id"]
    reference = reference_of(id_)
    assert reference in page.text

    (logged,) = (
        each for each in map(json.loads, lines.getvalue().splitlines()) if each.get("request_id") == id_
    )
    assert (logged["code"], logged["reference"]) == ("upstream-timeout", reference)

    (record,) = gate.records_with(id_)
    assert (record["rule"], record["error"]) == ("slow", "upstream-timeout")

    (upstream,) = (headers for _, target, headers, _ in gate.upstream.seen if target == "/slow")
    assert upstream["x-request-id"] == id_

    spans = sink.trace(id_)
    assert spans["GET slow"].attributes["toegangspoort.request_id"] == id_
    assert upstream["traceparent"] == f"00-{id_}-{spans['upstream default'].span_id}-01"


def test_what_goes_wrong_is_a_span_with_its_error(
    gate: GatewayFixture, alice: Browser, sink: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = gate.gateway.areas.register.upstreams.default.pools[0]
    monkeypatch.setattr(pool, "address", pool.address._replace(port=9))
    monkeypatch.setattr(pool._idle, "take", lambda **_: None)
    answer = alice.call("/echo")
    assert answer.status_code == 502
    spans = sink.trace(answer.headers["x-request-id"])
    for name in ("GET echo", "forward", "upstream default"):
        assert (spans[name].failed, spans[name].attributes["error.type"]) == (True, "upstream-unreachable")
    assert not spans["authorize"].failed
    assert "refuse" in spans


def test_a_denial_is_no_failure_of_the_gateway(gate: GatewayFixture, alice: Browser, sink: Collector) -> None:
    answer = alice.call("/closed/1")
    spans = sink.trace(answer.headers["x-request-id"])
    assert (spans["GET closed"].failed, spans["authorize"].failed) == (False, True)
    assert spans["GET closed"].attributes["toegangspoort.error"] == "forbidden"
    assert spans["GET closed"].attributes["toegangspoort.decision"] == "deny"


def test_what_a_front_asks_is_a_trace_too(gate: GatewayFixture, sink: Collector) -> None:
    asked = {
        "x-original-method": "GET",
        "x-original-uri": "/public/1",
        "host": f"localhost:{gate.port}",
    }
    answer = gate.client.get(f"http://127.0.0.1:{gate.fronts['near']}/authz/auth-request", headers=asked)
    assert answer.status_code == 200, answer.text
    spans = sink.trace(answer.headers["x-request-id"])
    assert {"admit", "route", "authenticate", "authorize", "record", "GET public"} <= set(spans)


# Sampling, and whom to believe


def test_a_client_begins_no_trace_of_its_own(sink: Collector, tmp_path: Any) -> None:
    upstream = EchoUpstream()
    tracing = {"otlp": sink.url, "sample": 0.0}
    with (
        scripted_gateway(tmp_path, rules=RULES, backend=upstream, observe={"tracing": tracing}) as gate,
        gate.browser() as browser,
    ):
        before = len(sink.spans)
        for _ in range(3):  # also in plain calls
            answer = browser.call("/public/1", traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="a=1")
            seen = upstream.seen[-1][2]
            assert "tracestate" not in seen
            version, trace_id, span_id, flags = seen["traceparent"].split("-")
            assert (version, trace_id, flags) == ("00", answer.headers["x-request-id"], "00")
            assert span_id != SPAN
    assert len(sink.spans) == before


def test_a_proxy_decides_for_its_own_requests(sink: Collector, tmp_path: Any) -> None:
    upstream = EchoUpstream()
    with (
        scripted_gateway(
            tmp_path,
            rules=RULES,
            backend=upstream,
            observe={"tracing": {"otlp": sink.url, "sample": 0.0}},
            edge={"trusted_proxies": ["127.0.0.1/32"]},
        ) as gate,
        gate.browser() as browser,
    ):
        browser.call("/public/1", traceparent=f"00-{TRACE}-{SPAN}-00", tracestate="a=1")
        assert upstream.seen[-1][2]["traceparent"] == f"00-{TRACE}-{SPAN}-00"
        assert upstream.seen[-1][2]["tracestate"] == "a=1"
        answer = browser.call("/public/1", traceparent=f"00-{TRACE}-{SPAN}-01")
        assert sink.of_request(answer.headers["x-request-id"])["GET public"].parent_id == SPAN


def test_without_the_setting_nothing_is_made(tmp_path: Any) -> None:
    with scripted_gateway(tmp_path, rules=RULES, backend=EchoUpstream()) as gate, gate.browser() as browser:
        assert gate.gateway.areas.observers.tracing is None
        assert gate.gateway.doors.handle is gate.gateway.stages.pipeline
        browser.call("/public/1", traceparent=f"00-{TRACE}-{SPAN}-01")
        assert gate.upstream.seen[-1][2]["traceparent"] == f"00-{TRACE}-{SPAN}-01"
