"""What goes to the register."""

from __future__ import annotations

import asyncio

from gateway.assembly.register import register
from gateway.events import WebSocketsCounted
from gateway.model import CanonicalRequest
from gateway.upstream.shares import Party
from tests.assembly.conftest import Made

UPSTREAMS = {
    "upstream": {"session_cookies": ["JSESSIONID"]},
    "upstreams": {
        "reports": {"url": "http://localhost:10", "session_cookies": ["RSESSION"]},
        "plain": {"url": "http://localhost:11", "session_cookies": []},
    },
}


def test_each_upstream_that_begins_sessions_has_tags_and_cookies_of_its_own(made: Made) -> None:
    found = register(made(**UPSTREAMS))
    assert set(found.sessions) == {"default", "reports"}
    names = {"default", "reports", "plain"}
    assert set(found.session_tags) == set(found.upstreams.by_name) == set(found.websockets) == names
    assert set(found.credentials) == names
    assert len({id(tags) for tags in found.session_tags.values()}) == len(names)
    assert found.upstreams.open_connections == 0


async def test_websockets_are_counted_over_all_upstreams(made: Made) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment, counted = made(upstream={"url": url}, upstreams={"reports": {"url": url}}), []

    class Listener:
        def on_event(self, event: object) -> None:
            if isinstance(event, WebSocketsCounted):
                counted.append(event)

    environment.events.subscribe(Listener())
    found, open_ones = register(environment), []
    async with server:
        for name in ("default", "reports"):
            connections = found.websockets[name]
            open_ones.append((connections, await connections.acquire(Party("192.0.2.1", None))))
        for connections, connection in open_ones:
            connections.release(connection)
        await found.upstreams.aclose()
    assert counted == [WebSocketsCounted(number) for number in (1, 2, 1, 0)]


def test_the_browser_is_told_to_forget_the_registers_sessions(made: Made) -> None:
    found = register(made(**UPSTREAMS))
    asked = CanonicalRequest(
        id="", method="GET", scheme="https", host="register.test", path="/", segments=("",), target=b"/",
        headers=((b"cookie", b"JSESSIONID=a; other=b"),), cookies={}, client="192.0.2.1",
        viewer="page", language="nl",
    )  # fmt: skip
    lines = found.expired_cookies(asked)
    assert [line.partition("=")[0] for line in lines] == ["JSESSIONID"]
    assert "Max-Age=0" in lines[0]
