"""What proxies write in X-Forwarded-For, on a gateway that runs: nobody from outside passes for the proxy."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway

CASES = json.loads((Path(__file__).parent.parent / "cases/client-address.json").read_text("utf-8"))
PROXY = "127.0.0.2"
RULES: list[Any] = [
    {
        "id": "net",
        "match": {"path": "/net/**"},
        "require": [{"network": ["203.0.113.0/24", "2001:db8::/32"]}],
    },
    {"id": "inside", "match": {"path": "/inside/**"}, "require": [{"network": ["127.0.0.0/8"]}]},
    {
        "id": "outside",
        "match": {"path": "/outside/**"},
        "require": [{"not": {"network": ["203.0.113.0/24"]}}],
    },
]
# What says nothing about the client must not make it the proxy, which is in the office.
UNREADABLE = [
    "unknown", "_hidden", "", ",", " ", "8.8.8.8:", "8.8.8.8:0x1", "[8.8.8.8]:1", "[::ffff:8.8.8.8", "for=8.8.8.8",
    "8.8.8.8;127.0.0.1", "::1%lo", "127.0.0.1%25lo", "localhost", "0177.0.0.1", "2130706433", "8.8.8.8:1:2", "[]:80", '"8.8.8.8:1"',
]  # fmt: skip


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("client")
    with scripted_gateway(folder, rules=RULES, edge={"trusted_proxies": [f"{PROXY}/32"]}) as found:
        yield found


def status(gate: GatewayFixture, line: str, *forwarded: str, source: str = PROXY) -> int:
    lines = "".join(f"X-Forwarded-For: {value}\r\n" for value in forwarded)
    asked = f"{line}\r\nHost: localhost:{gate.port}\r\nAccept: application/json\r\n{lines}Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10, source_address=(source, 0)) as sock:
        sock.sendall(asked.encode("latin-1"))
        return int(sock.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reported_addresses(gate: GatewayFixture, case: dict[str, Any]) -> None:
    (request,) = case["requests"]
    got = status(gate, request["line"], *(value for _, value in request["headers"]), source=request["source"])
    assert [[0, "status", got]] == case["right"]


@pytest.mark.parametrize("forwarded", UNREADABLE)
@pytest.mark.parametrize("path", ["/inside/x", "/outside/x", "/net/x"])
def test_what_cannot_be_read_opens_nothing(gate: GatewayFixture, path: str, forwarded: str) -> None:
    assert status(gate, f"GET {path} HTTP/1.1", forwarded) != 200


def test_lines_and_lists_are_one(gate: GatewayFixture) -> None:
    assert status(gate, "GET /net/x HTTP/1.1", "8.8.8.8", "203.0.113.7:1") == 200
    assert status(gate, "GET /net/x HTTP/1.1", "203.0.113.7:1", "8.8.8.8:2") != 200
    assert status(gate, "GET /inside/x HTTP/1.1", "127.0.0.1", "unknown") != 200
