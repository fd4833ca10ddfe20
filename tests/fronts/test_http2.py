"""Over HTTP/2, which the fronts speak with browsers where they have TLS, is judged what is judged over HTTP/1.1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.fronts import http2
from tests.fronts.engines import ENGINES, Place, program, running
from tests.fronts.test_content import HIDDEN, METHODS, careless, closes
from tests.gateway_fixture import GatewayFixture, gateway_fixture, scripted
from tests.running import RawUpstream, free_ports
from tests.tls import Certificates

RULES: list[Any] = [{"id": "app", "match": {"path": "/**"}, "require": ["authenticated"], "websocket": True}]
# nginx is not told to speak it, but may have to.
SPEAKING = [name for name in ENGINES if name != "nginx"]
EVERY = pytest.mark.parametrize("through", ENGINES, indirect=True)
USUAL = {":method": "GET", ":scheme": "https", ":authority": "gw.test", ":path": "/app/x"}
HANDSHAKE = USUAL | {":method": "CONNECT", ":protocol": "websocket", "sec-websocket-version": "13"}


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[GatewayFixture, str, dict[str, int]]]:
    """The gateway, a ticket, and the port of each front."""
    folder = tmp_path_factory.mktemp("http2")
    certificate, key = (
        each.rename(folder / f"site{end}")
        for each, end in zip(Certificates(folder).files(name="gw.test"), (".crt", ".key"), strict=True)
    )
    with contextlib.ExitStack() as stack:
        gate = stack.enter_context(
            gateway_fixture(
                folder,
                public_url="https://gw.test",
                provider=scripted,
                backend=RawUpstream(),
                rules=RULES,
                edge={"trusted_proxies": ["127.0.0.1/32"]},
                fronts={name: {"dialect": name} for name in ENGINES},
            )
        )
        started: dict[str, int] = {}
        for name in ENGINES:
            port, inner = free_ports(2)
            (folder / name).mkdir()
            place = Place(
                folder / "config.yaml", port, name, inner=inner, tls=(str(certificate), str(key)), http2=True
            )
            with contextlib.suppress(pytest.skip.Exception):
                stack.enter_context(running(name, folder / name, place))
                started[name] = port
        with gate.browser() as browser:
            browser.log_in("/app/x")
            yield gate, str(gate.ticket(browser)), started


@pytest.fixture(params=SPEAKING)
def through(
    request: pytest.FixtureRequest, fleet: tuple[GatewayFixture, str, dict[str, int]]
) -> tuple[GatewayFixture, tuple[str, str]]:
    """The gateway behind one front, and the cookie of somebody who is logged in."""
    gate, ticket, started = fleet
    program(request.param)
    gate.upstream.clear()
    gate.upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    return replace(gate, port=started[request.param]), ("cookie", f"{gate.session_cookie}={ticket}")


def _reached(
    gate: GatewayFixture, usual: dict[str, str], *lines: tuple[str, str], **more: Any
) -> list[list[str]]:
    """What the register got of a request, line by line."""
    with http2.Client(gate.port) as client:
        client.ask(*usual.items(), *lines, **more)
    gate.upstream.settle()
    return [head.decode("latin-1").split("\r\n") for head in gate.upstream.begun]


def _values(lines: list[str], name: str) -> list[str]:
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for key, _, value in pairs if key.lower() == name]


def test_cookies_in_several_fields_are_one_line(
    through: tuple[GatewayFixture, tuple[str, str]],
) -> None:
    """As browsers send them (RFC 9113 section 8.2.3)."""
    gate, session = through
    assert _reached(gate, USUAL) == []
    (head,) = _reached(gate, USUAL, ("cookie", "a=b"), session, ("cookie", "c=d"), ("x-forwarded-user", "x"))
    assert head[0] == "GET /app/x HTTP/1.1"
    assert _values(head, "cookie") == ["a=b; c=d"]
    assert _values(head, "x-forwarded-user") == [gate.op.subject]


@pytest.mark.parametrize(
    "change",
    [
        {":authority": "evil.test"},
        {":authority": "evil.test", "host": "gw.test"},
        {":authority": "gw.test", "host": "evil.test"},
        {":path": "https://gw.test/app/x"},
        {":path": "/app/x HTTP/1.1\r\nX-Forwarded-User: admin"},
        {":method": "GET /app/y HTTP/1.1\r\nHost: gw.test\r\n\r\nGET"},
        {":scheme": "https://gw.test/app/y?"},
        {"x-one\r\nx-forwarded-user": "admin"},
        {"x-one": "1\r\nx-forwarded-user: admin"},
        {"X-Forwarded-User": "admin"},
        {"transfer-encoding": "chunked"},
        {"connection": "x-forwarded-user"},
        {"upgrade": "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="},
    ],
)  # fmt: skip
def test_odd_fields_change_nothing_or_reach_nobody(
    through: tuple[GatewayFixture, tuple[str, str]], change: dict[str, str]
) -> None:
    gate, session = through
    for head in _reached(gate, USUAL | change, session):
        assert head[0] == "GET /app/x HTTP/1.1"
        assert _values(head, "host") == ["gw.test"]
        assert _values(head, "x-forwarded-user") == [gate.op.subject]
        assert not any(_values(head, name) for name in ("upgrade", "connection", "transfer-encoding"))


def test_browsers_open_websockets_over_http_1(
    through: tuple[GatewayFixture, tuple[str, str]],
) -> None:
    """Over HTTP/2 a handshake has no key, so that engines would ask about an ordinary request."""
    gate, session = through
    with http2.Client(gate.port) as client:
        client.ask(*USUAL.items(), session)
        assert not client.settings.get(http2.ENABLE_CONNECT_PROTOCOL)
    gate.upstream.settle()
    gate.upstream.clear()
    assert _reached(gate, HANDSHAKE, session, ("origin", "https://gw.test"), ends=False) == []


@EVERY
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_content_that_a_register_leaves_unread_is_no_request(
    through: tuple[GatewayFixture, tuple[str, str]], method: str, announced: bool
) -> None:
    gate, session = through
    length = [("content-length", str(len(HIDDEN)))] if announced else []
    with careless(gate.upstream):
        heads = [
            "\r\n".join(head)
            for head in _reached(gate, USUAL | {":method": method}, session, *length, content=HIDDEN)
        ]
    # Some engines refuse what nothing announces.
    assert len(heads) == 1 or (not announced and not heads)
    assert all(head.startswith(method) and closes(head.encode()) for head in heads)


@EVERY
def test_content_in_pieces_is_no_request_either(through: tuple[GatewayFixture, tuple[str, str]]) -> None:
    gate, session = through
    with careless(gate.upstream):
        heads = _reached(gate, USUAL, session, content=HIDDEN, pieces=2)
    assert all("connection: close" in [line.lower() for line in head] for head in heads)
    assert len(heads) < 2


@EVERY
def test_an_end_in_a_frame_of_its_own_is_no_content(
    through: tuple[GatewayFixture, tuple[str, str]], request: pytest.FixtureRequest
) -> None:
    gate, session = through
    heads = _reached(gate, USUAL, session, content=b"")
    # Traefik can't ask about it.
    assert [head[0] for head in heads] == (
        ["GET /app/x HTTP/1.1"] if "traefik" not in request.node.name else []
    )
