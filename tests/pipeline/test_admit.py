"""The first stage fills in the canonical request, or refuses."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import BadRequest, WebSocketRefused
from gateway.exchange import Exchange
from gateway.pipeline.admit import remember_admission
from tests.gateway_fixture import GatewayFixture


async def never(*_: object) -> Any:
    raise AssertionError("admission neither reads nor sends")


def exchange(gate: GatewayFixture, raw_path: bytes) -> Exchange:
    host = (b"host", gate.url.removeprefix("http://").encode())
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": raw_path,
        "query_string": b"",
        "client": ("192.0.2.1", 1),
        "headers": [host],
    }
    return Exchange(scope, never, never, 0.0)


def test_a_request_with_one_meaning_is_admitted(gate: GatewayFixture) -> None:
    asked = exchange(gate, b"/a/%C3%A9")
    gate.gateway.stages.pipeline.admit(asked)
    assert asked.admitted.segments == ("a", "\u00e9")
    assert asked.id == asked.admitted.id


def test_a_request_with_two_meanings_is_refused(gate: GatewayFixture) -> None:
    asked = exchange(gate, b"/a/..%2Fb")
    with pytest.raises(BadRequest):
        gate.gateway.stages.pipeline.admit(asked)
    assert asked.request is None
    with pytest.raises(RuntimeError):
        _ = asked.admitted


def test_what_was_admitted_is_handed_on_once(gate: GatewayFixture) -> None:
    admit = gate.gateway.stages.pipeline.admit
    first = exchange(gate, b"/a")
    remember_admission(first, first.scope)
    admit(first)
    remember_admission(first, first.scope)
    asked = Exchange(first.scope, never, never, 0.0)
    admit(asked)
    assert asked.request is first.request
    admit(asked)
    assert asked.request == first.admitted._replace(id=asked.id) and asked.id != first.id


def test_the_origin_of_a_websocket_is_looked_at_again(gate: GatewayFixture) -> None:
    asked = exchange(gate, b"/a")
    handshake = {"upgrade": "websocket", "connection": "upgrade", "origin": "https://elsewhere.test"}
    handshake |= {"sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
    asked.scope["headers"] += [(name.encode(), value.encode()) for name, value in handshake.items()]
    asked.scope["http_version"] = "1.1"
    for _ in range(2):
        with pytest.raises(WebSocketRefused):
            gate.gateway.stages.pipeline.admit(asked)
        remember_admission(asked, asked.scope)
