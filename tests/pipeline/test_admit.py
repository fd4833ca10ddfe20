"""The first stage fills in the canonical request, or refuses."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import BadRequest
from gateway.exchange import Exchange
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
    gate.gateway.pipeline.admit(asked)
    assert asked.admitted.segments == ("a", "\u00e9")
    assert asked.id == asked.admitted.id


def test_a_request_with_two_meanings_is_refused(gate: GatewayFixture) -> None:
    asked = exchange(gate, b"/a/..%2Fb")
    with pytest.raises(BadRequest):
        gate.gateway.pipeline.admit(asked)
    assert asked.request is None
    with pytest.raises(RuntimeError):
        _ = asked.admitted
