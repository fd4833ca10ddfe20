"""Attacks by clients and by registers, each with the bound that holds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.upstream.forward import Forwarder
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstream import Upstream
from tests.upstream.bare_proxy import BareProxy, bare_proxy
from tests.upstream.hostile_register import LATE, hostile_register
from tests.upstream.raw_client import Conversation, converse
from tests.upstream.requests import upstream_request
from tests.upstream.test_forward import body_of
from tests.waiting import eventually, until


@contextlib.contextmanager
def clients(
    port: int, number: int, octets: bytes, address: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Open connections that send these octets and read nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(number):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.bind((address, 0))
            sock.connect(("127.0.0.1", port))
            sock.sendall(octets)
            opened.append(sock)
        yield opened


def get(port: int, path: str, *lines: str, expect: int = 1) -> Conversation:
    head = "\r\n".join((f"GET {path} HTTP/1.1", "Host: gw.test", *lines))
    return converse(port, head.encode() + b"\r\n\r\n", expect=expect)


@contextlib.asynccontextmanager
async def forwarding() -> AsyncIterator[tuple[Any, Forwarder, ConnectionPool]]:
    """A hostile register, and what forwards requests to it."""
    with hostile_register() as register:
        url = f"http://127.0.0.1:{register.port}"
        settings = UpstreamSettings.model_validate({"url": url, "connect_timeout": "30s"})
        found = Upstream(settings)
        pool = found.pools[0]
        await pool.start()
        yield register, Forwarder(found, own_cookies="own-", max_body=1, body_timeout=1.0), pool
        await pool.aclose()


@contextlib.contextmanager
def attacked(**upstream: Any) -> Iterator[tuple[BareProxy, int, Any]]:
    with hostile_register() as register, bare_proxy(register.port, **upstream) as (app, running):
        yield app, running.port, register


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "late-head"), ("GET", "late-204"), ("GET", "late-304")]
)
async def test_a_late_body_never_answers_another_request(method: str, path: str) -> None:
    seen: Counter[bytes] = Counter()
    async with forwarding() as (register, forward, _):
        attack = upstream_request(method)._replace(target=b"/" + path.encode())

        async def bystander() -> None:
            for _ in range(600):
                seen[await body_of(await forward.forward(upstream_request()))] += 1

        async def attacker() -> None:
            for _ in range(100):
                assert await body_of(await forward.forward(attack)) == b""

        await asyncio.gather(*(bystander() for _ in range(4)), *(attacker() for _ in range(2)))
        assert register.requests[path] == 200
    assert seen == {b"ok": 2400}


async def test_once_a_register_sent_octets_beyond_an_answer_its_connections_are_watched() -> None:
    seen: Counter[bytes] = Counter()
    async with forwarding() as (_, forward, _):
        attack = upstream_request()._replace(target=b"/late-length")
        assert await body_of(await forward.forward(attack)) == b"ok"
        await asyncio.sleep(10 * LATE)

        async def ask(request: UpstreamRequest) -> None:
            for _ in range(100):
                seen[await body_of(await forward.forward(request))] += 1

        await asyncio.gather(*(ask(upstream_request()) for _ in range(4)), *(ask(attack) for _ in range(2)))
    assert seen == {b"ok": 600}


async def test_connections_of_answers_without_a_body_are_used_again_once_they_were_quiet() -> None:
    async with forwarding() as (register, forward, pool):
        request = upstream_request()._replace(target=b"/not-modified")

        async def ask() -> bytes:
            return await body_of(await forward.forward(request))

        for _ in range(3):
            assert await asyncio.gather(*(ask() for _ in range(5))) == [b""] * 5
            await eventually(lambda: len(pool._idle._ready) == 5)
        assert register.connections == 5
        assert pool.open_connections == 5


def test_trickled_bodies_hold_no_connection_to_the_register() -> None:
    with attacked(max_connections=4) as (app, port, register):
        head = b"POST /sink HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000\r\n\r\n"
        with clients(port, 30, head + b"x"):
            assert get(port, "/ok").answers[0].body == b"ok"
            assert register.connections == 1
            assert app.upstream.open_connections == 1


def test_one_client_that_stops_reading_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.upstream.pool._STALLED", 60.0)
    limits = {"max_connections": 8, "max_connections_per_client": 4, "client_write_timeout": "60s"}
    with attacked(**limits) as (app, port, _):
        head = b"GET /large HTTP/1.1\r\nHost: gw.test\r\n\r\n"
        with clients(port, 8, head, "127.0.0.2"):
            assert until(lambda: app.upstream.open_connections == 4)
            # Nobody has to be cut off for it.
            assert get(port, "/ok").answers[0].body == b"ok"
            assert app.cut == 0


def test_clients_that_stop_reading_are_cut_off() -> None:
    with attacked(client_write_timeout="300ms", keep_alive="100ms") as (app, port, _):
        with clients(port, 4, b"GET /large HTTP/1.1\r\nHost: gw.test\r\n\r\n"):
            assert until(lambda: app.cut >= 4)
        assert until(lambda: app.upstream.open_connections == 0)


def test_more_than_its_share_waits_and_gets_503() -> None:
    limits = {"max_connections_per_client": 1, "queue_timeout": "50ms"}
    head = b"GET /hang HTTP/1.1\r\nHost: gw.test\r\n\r\n"
    with attacked(**limits) as (_, port, register), clients(port, 1, head):
        assert until(lambda: register.requests["hang"])
        assert get(port, "/ok").answers[0].status == 503


def test_many_addresses_with_requests_that_are_never_answered_leave_room_for_others() -> None:
    limits = {"max_connections": 8, "max_connections_per_client": 8, "queue_timeout": "30s"}
    head = b"GET /hang HTTP/1.1\r\nHost: gw.test\r\n\r\n"
    with attacked(**limits) as (app, port, register), contextlib.ExitStack() as stack:
        for number in range(1, 3):
            stack.enter_context(clients(port, 5, head, f"127.0.1.{number}"))
        assert until(lambda: app.upstream.pools[0].waiting == 4)
        assert register.requests["hang"] == 6
        for _ in range(20):
            assert get(port, "/ok").answers[0].status == 200


def test_a_register_that_stops_reading_ends_in_504() -> None:
    with attacked(write_timeout="150ms") as (app, port, _):
        body = b"a" * 10_000_000
        head = b"POST /hang HTTP/1.1\r\nHost: gw.test\r\nContent-Length: %d\r\n\r\n" % len(body)
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        with sock, contextlib.suppress(BlockingIOError, ConnectionError):
            sock.send(head)
            while True:
                sock.send(body[:65_536])
        assert until(lambda: app.upstream.open_connections == 0)
        with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", port)) as blocked:
            sending = pool.submit(blocked.sendall, head + body)
            assert blocked.recv(100).startswith(b"HTTP/1.1 504 ")
            blocked.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(ConnectionError):
                sending.result(60)
        assert until(lambda: app.upstream.open_connections == 0)


def test_a_reset_does_not_look_like_the_end_of_an_answer() -> None:
    with attacked() as (app, port, _):
        seen = get(port, "/reset")
        assert seen.answers[0].status == 200
        assert not seen.answers[0].complete
        assert seen.closed
        assert app.cut == 1


def test_a_connection_that_one_person_logged_in_serves_no_other() -> None:
    with attacked() as (_, port, _):
        assert get(port, "/ntlm", "Authorization: NTLM anna").answers[0].body == b"anna"
        assert get(port, "/ntlm").answers[0].body == b"nobody"
