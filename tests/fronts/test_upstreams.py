"""Several upstreams and gateways behind each front, with what rules change of headers and paths."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.fronts.engines import ENGINES, Place, program, running
from tests.gateway_fixture import GatewayFixture, gateway_fixture, scripted
from tests.running import RawUpstream, free_ports, raw_upstream
from tests.waiting import until

ORIGIN = "https://app.example.be"
RULES: list[Any] = [
    {
        "id": "reports",
        "match": {"path": "/reports/**"},
        "upstream": "reports",
        "require": ["anyone"],
        "paths": {"encoded": ["%2F", "%3B", "%23", "%3F"]},
        "request_headers": {"set": {"X-Tenant": "reports"}, "remove": ["accept-language"]},
        "response_headers": {"set": {"X-Frame-Options": "DENY"}},
        "cors": {"origins": [ORIGIN]},
    },
    {"id": "rest", "match": {"path": "/**"}, "require": ["anyone"]},
]
ANSWER = (
    b'HTTP/1.1 200 OK\r\nX-Frame-Options: SAMEORIGIN\r\nAlt-Svc: h2=":8443"\r\nContent-Length: 2\r\n\r\nok'
)


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[GatewayFixture, RawUpstream, dict[str, int]]]:
    """The gateway, its second upstream, and the port of each front. The first gateway that fronts know is down."""
    folder = tmp_path_factory.mktemp("upstreams")
    with contextlib.ExitStack() as stack:
        reports = stack.enter_context(raw_upstream(RawUpstream()))
        upstreams = {
            "reports": {
                "url": f"http://127.0.0.1:{reports.port}",
                "strip_prefix": "/reports",
                "add_prefix": "/new",
                "host": "reports.internal",
                "headers": {"X-Api-Key": "abc"},
            }
        }
        gate = stack.enter_context(
            gateway_fixture(
                folder,
                provider=scripted,
                backend=RawUpstream(),
                rules=RULES,
                upstreams=upstreams,
                edge={"hosts": ["gw.test"], "trusted_proxies": ["127.0.0.1/32"]},
                fronts={name: {"dialect": name} for name in ENGINES},
            )
        )
        started: dict[str, int] = {}
        for name in ENGINES:
            port, inner, public, verdicts = free_ports(4)
            gateways = (
                f"127.0.0.1:{public},127.0.0.1:{verdicts}",
                f"127.0.0.1:{gate.port},127.0.0.1:{gate.fronts[name]}",
            )
            (folder / name).mkdir()
            with contextlib.suppress(pytest.skip.Exception):
                place = Place(folder / "config.yaml", port, name, gateways=gateways, inner=inner)
                stack.enter_context(running(name, folder / name, place))
                started[name] = port
        yield gate, reports, started


@pytest.fixture(params=list(ENGINES))
def through(
    request: pytest.FixtureRequest, fleet: tuple[GatewayFixture, RawUpstream, dict[str, int]]
) -> Iterator[tuple[str, GatewayFixture, RawUpstream]]:
    gate, reports, started = fleet
    program(request.param)
    port = started[request.param]
    found = replace(gate, url=f"http://localhost:{port}", port=port)
    # Its first gateway is down: it knows that by now, or after the first request.
    assert until(lambda: _get(found, "/ready").status_code == 200, 8.0)
    for upstream in (gate.upstream, reports):
        upstream.clear()
        upstream.answer = lambda _head: ANSWER
    yield request.param, found, reports


def _get(gate: GatewayFixture, path: str, **headers: str) -> httpx2.Response:
    lines = {"host": "gw.test", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return gate.client.get(gate.url + path, headers=lines)


def _lines(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:-2])
    return {name.lower(): value.strip() for name, _, value in pairs}


def test_the_upstream_of_the_rule_gets_what_the_rule_says(
    through: tuple[str, GatewayFixture, RawUpstream],
) -> None:
    engine, gate, reports = through
    answer = _get(gate, "/reports/a%2Cb?c=%2F", accept_language="nl", x_tenant="mine", origin=ORIGIN)
    assert answer.status_code == 200
    assert not gate.upstream.begun
    (head,) = reports.begun
    assert head.startswith((b"GET /new/a%2Cb?c=%2F HTTP/1.1\r\n", b"GET /new/a,b?c=%2F HTTP/1.1\r\n"))
    lines = _lines(head)
    assert lines["host"] == "reports.internal"
    assert (lines["x-tenant"], lines["x-api-key"]) == ("reports", "abc")
    assert not lines.get("accept-language")
    assert "x-toegangspoort-upstream" not in lines
    if engine != "traefik":  # which gives clients cookies alone
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        # Envoy adds to what the register says.
        given = answer.headers.get_list("x-frame-options")
        assert given == ["DENY"] or (engine.startswith("envoy") and "DENY" in given)


def test_other_rules_pass_the_clients_own(through: tuple[str, GatewayFixture, RawUpstream]) -> None:
    _, gate, reports = through
    answer = _get(gate, "/other", accept_language="nl", x_tenant="mine")
    assert (answer.status_code, answer.headers["x-frame-options"]) == (200, "SAMEORIGIN")
    assert "alt-svc" not in answer.headers
    assert not reports.begun
    lines = _lines(gate.upstream.begun[0])
    assert lines["accept-language"] == "nl"
    assert lines["x-tenant"] == "mine"
    assert not lines.get("x-api-key")
    assert lines["host"] == "gw.test"


@pytest.mark.parametrize("name", ["a%2Fb", "a%3Bb", "a%23b", "a%3Fb"])
def test_what_is_encoded_in_a_name_stays_so_behind_other_prefixes(
    through: tuple[str, GatewayFixture, RawUpstream], name: str
) -> None:
    """Decoded, it would be another path than the one that was judged."""
    engine, gate, reports = through
    answer = _get(gate, f"/reports/{name}?x=%2F")
    if name == "a%2Fb" and engine.startswith("envoy"):  # refuses it itself
        assert (answer.status_code, reports.begun) == (400, [])
        return
    assert answer.status_code == 200
    assert reports.begun[0].startswith(f"GET /new/{name}?x=%2F HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("path", ["/reports", "/reports?x=1", "/reports//other.example/x", "/%72eports/x"])
def test_a_path_at_the_edge_of_the_prefix(
    through: tuple[str, GatewayFixture, RawUpstream], path: str
) -> None:
    """It stays below the prefix of the upstream, or goes nowhere."""
    _, gate, reports = through
    answer = _get(gate, path)
    assert len(reports.begun) == (answer.status_code == 200)
    assert not gate.upstream.begun
    for head in reports.begun:
        target = head.split(b" ")[1]
        assert target.startswith(b"/new/")
        assert b"//" not in target
