"""A page that opens a WebSocket in a real browser: compressed messages both ways, and the end with the session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.websockets import SocketRegister, socket_register

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

RULES = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"], "websocket": True}]
# An echo of a compressed message is one as well, where no side remembers the message before.
DEFLATE = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<!doctype html>x"
OPEN = """async () => {
    const socket = window.socket = new WebSocket(`ws://${location.host}/live`, ["v2", "v1"]);
    const next = () => new Promise(done => { socket.onmessage = event => done(event.data); });
    window.ending = new Promise(done => { socket.onclose = event => done(event.code); });
    await new Promise(done => { socket.onopen = done; });
    const text = "meldingen ".repeat(20000);
    socket.send(text);
    return [socket.protocol, socket.extensions, await next() === text];
}"""


@pytest.fixture(scope="module")
def register() -> Iterator[SocketRegister]:
    lines = b"Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Extensions: %b\r\n" % DEFLATE
    with socket_register(SocketRegister(lines=lambda _head: lines)) as found:
        yield found


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, register: SocketRegister) -> Iterator[GatewayFixture]:
    address = f"http://127.0.0.1:{register.port}"
    folder = tmp_path_factory.mktemp("browser")
    with scripted_gateway(folder, backend=address, rules=RULES) as found:
        yield found


async def test_a_page_lives_on_its_socket_until_the_logout(
    gate: GatewayFixture, register: SocketRegister, browser: Browser
) -> None:
    register.page = PAGE
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{gate.url}/page")
    protocol, extensions, same = await page.evaluate(OPEN)
    assert protocol == "v1"
    assert "permessage-deflate" in extensions
    assert same
    message = register.served[0].frames[0]
    assert message.rsv == 0x40
    assert len(message.payload) < 20_000
    await page.evaluate("() => fetch('/oauth2/logout/local', {method: 'POST'})")
    assert await page.evaluate("() => window.ending") == 4401
    await context.close()
