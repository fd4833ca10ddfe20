"""Requests to the register: what is repeated, what is refused, and what of the response goes on."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from gateway.errors import AddressTooLong, HeadersTooLarge, RequestTimeout, UpstreamUnreachable
from gateway.upstream.client_stream import FIRST, ClientGone
from gateway.upstream.forward import Forwarder
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party
from gateway.upstream.upstream import Upstream
from tests.running import raw_upstream
from tests.upstream.bare_proxy import bare_proxy
from tests.upstream.raw_client import converse
from tests.upstream.requests import DISCONNECT, PARTY, part, upstream_request


def test_a_cookie_of_the_gateway_that_the_register_sets_is_dropped() -> None:
    with raw_upstream() as upstream:
        upstream.answer = lambda _head: (
            b"HTTP/1.1 200 OK\r\nSet-Cookie: tgp-test-session=evil; Path=/\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
        )
        with bare_proxy(upstream.port) as (_, running):
            seen = converse(running.port, b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n")
    assert seen.answers[0].values("set-cookie") == ["a=1"]


def forwarder(port: int, **settings: Any) -> tuple[Forwarder, ConnectionPool]:
    upstream = UpstreamSettings.model_validate({"url": f"http://127.0.0.1:{port}"} | settings)
    found = Upstream(upstream)
    return Forwarder(found, own_cookies="own-", max_body=100, body_timeout=1.0), found.pools[0]


async def test_a_head_that_the_register_would_refuse_is_not_sent() -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port, max_header_bytes=2_048)
        await pool.start()
        room = 2_048 - len(upstream_request()._replace(lines=b"x-a: \r\n").head(b"gw.test"))
        fits = upstream_request()._replace(lines=b"x-a: %b\r\n" % (b"a" * room))
        await body_of(await forward.forward(fits))
        too_large = fits._replace(lines=b"x-a: %b\r\n" % (b"a" * (room + 1)))
        assert forward.begin_at_once(too_large) is None
        with pytest.raises(HeadersTooLarge, match="2049 octets"):
            await forward.forward(too_large)
        too_long = upstream_request()._replace(target=b"/?q=" + b"a" * 2_048)
        assert forward.begin_at_once(too_long) is None
        with pytest.raises(AddressTooLong):
            await forward.forward(too_long)
        await body_of(await forward.forward(fits))
        await pool.aclose()
    assert len(upstream.begun) == 2
    assert upstream.connections == 1


async def body_of(response: UpstreamResponse) -> bytes:
    parts: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        parts.append(message.get("body", b""))

    try:
        await response.relay(send)
    finally:
        await response.aclose()
    return b"".join(parts)


class Unread(BaseHTTPRequestHandler):
    """A register in Python that answers without a look at the content, which is the next request to it."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else b"ok")

    do_HEAD = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - as the server looks for them

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
async def test_content_that_a_register_leaves_unread_is_no_request(method: str) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-User: mallory\r\n\r\n"
    Unread.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Unread) as register:
        threading.Thread(target=register.serve_forever, daemon=True).start()
        try:
            forward, pool = forwarder(register.server_port)
            await pool.start()
            for request in (
                upstream_request(method, part(hidden), length=len(hidden), has_body=True),
                upstream_request("OPTIONS"),
            ):
                await body_of(await forward.forward(request))
            await pool.aclose()
        finally:
            await asyncio.to_thread(register.shutdown)
    assert Unread.asked == ["/x", "/x"]


async def test_octets_are_counted_both_ways() -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port)
        await pool.start()
        request = upstream_request("POST", part(b"12", more=True), part(b"345"), length=5, has_body=True)
        response = await forward.forward(request)
        assert await body_of(response) == b"ok"
        assert (response.sent, response.received) == (5, 2)
        await pool.aclose()


async def test_a_request_is_repeated_once_if_a_kept_connection_was_just_closed() -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port)
        await pool.start()
        assert await body_of(await forward.forward(upstream_request())) == b"ok"
        upstream.reset = 1
        assert await body_of(await forward.forward(upstream_request())) == b"ok"
        assert upstream.connections == 2
        assert pool.open_connections == 1
        await pool.aclose()


async def test_what_cannot_be_repeated_is_not_sent_twice() -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port)
        await pool.start()
        await body_of(await forward.forward(upstream_request()))
        upstream.reset = True
        with pytest.raises(UpstreamUnreachable):
            await forward.forward(upstream_request("POST"))
        assert len(upstream.received) == 2
        assert pool.open_connections == 0
        await pool.aclose()


async def test_a_repeat_without_a_connection_gives_each_connection_back_once() -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port)
        await pool.start()
        await body_of(await forward.forward(upstream_request()))
        kept = await pool.acquire(PARTY, repeatable=True)
        pool.release(kept)
    # The register has gone: the kept connection closes while it is being used, and no other can be opened.
    with pytest.raises(UpstreamUnreachable):
        await forward.forward(upstream_request())
    assert pool.open_connections == 0
    await pool.aclose()


async def test_a_client_that_leaves_before_the_answer_ends_the_exchange() -> None:
    with raw_upstream() as upstream:
        upstream.answer = lambda _head: None
        forward, pool = forwarder(upstream.port)
        await pool.start()
        with pytest.raises(ClientGone):
            await forward.forward(upstream_request("GET", DISCONNECT))
        assert pool.open_connections == 0
        await pool.aclose()


async def test_an_upload_that_stalls_while_others_wait_is_answered_with_408(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.upstream.pool._STALLED", 0.5)
    with raw_upstream() as upstream:
        settings = UpstreamSettings.model_validate(
            {"url": f"http://127.0.0.1:{upstream.port}", "max_connections": 1}
        )
        found = Upstream(settings)
        pool = found.pools[0]
        await found.start()
        forward = Forwarder(found, own_cookies="own-", max_body=2 * FIRST, body_timeout=60.0)
        upload = upstream_request("POST", part(b"x" * FIRST, more=True), length=FIRST + 1, has_body=True)
        stalled = asyncio.create_task(forward.forward(upload))
        while not upstream.connections:
            await asyncio.sleep(0.001)
        other = upstream_request()._replace(party=Party("192.0.2.2"))
        assert await body_of(await forward.forward(other)) == b"ok"
        with pytest.raises(RequestTimeout):
            await stalled
        await pool.aclose()


@pytest.mark.parametrize(("pass_host", "host"), [(True, b"gw.test"), (False, b"127.0.0.1:")])
async def test_the_register_sees_the_host_that_the_settings_say(pass_host: bool, host: bytes) -> None:
    with raw_upstream() as upstream:
        forward, pool = forwarder(upstream.port, pass_host=pass_host)
        await pool.start()
        await body_of(await forward.forward(upstream_request()))
        assert b"\r\nhost: " + host in upstream.received[0]
        await pool.aclose()
