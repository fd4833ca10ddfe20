"""Several servers: whose turn it is, what is repeated, and a server that fails and returns under load."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.errors import BadRequest, GatewayError, UpstreamBroken, UpstreamOut, UpstreamUnreachable
from gateway.events import Event, RequestRepeated, ServerFailed, ServerOut, ServerReturned
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.forward import Forwarder
from gateway.upstream.settings import UpstreamSettings, WebSocketSettings
from gateway.upstream.shares import Party
from gateway.upstream.upstream import Upstream
from gateway.upstream.websocket_connections import WebSocketConnections
from tests.running import RawUpstream, raw_upstream
from tests.upstream.requests import part, upstream_request
from tests.upstream.test_forward import body_of
from tests.waiting import eventually

PARTY = Party("192.0.2.1")


class Turned:
    """A steady clock that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def forwarding(
    *servers: RawUpstream | str, **settings: Any
) -> AsyncIterator[tuple[Forwarder, Upstream, Turned, list[Event]]]:
    """A forwarder to these servers, with its clock and the events so far."""
    urls = [each if isinstance(each, str) else f"http://127.0.0.1:{each.port}" for each in servers]
    clock, events = Turned(), list[Event]()
    upstream = Upstream(
        UpstreamSettings.model_validate({"servers": urls} | settings, context={"folder": Path("/")}),
        public_host="gw.test",
        steady=clock,
        on_event=events.append,
    )
    await upstream.start()
    try:
        yield (
            Forwarder(upstream, own_cookies="own-", max_body=100, body_timeout=1.0, on_event=events.append),
            upstream,
            clock,
            events,
        )
    finally:
        await upstream.aclose()
    assert upstream.open_connections == 0


async def asked(forwarder: Forwarder, *request: Any, **options: Any) -> bytes:
    return await body_of(await forwarder.forward(upstream_request(*request, **options)))


def named(name: bytes) -> RawUpstream:
    """A server that answers with its name."""
    return RawUpstream(
        answer=lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name)
    )


@pytest.mark.parametrize("balance", ["round_robin", "least_connections"])
async def test_servers_take_turns(balance: str) -> None:
    with raw_upstream(named(b"a")) as a, raw_upstream(named(b"b")) as b:
        async with forwarding(a, b, balance=balance) as (forwarder, _, _, _):
            assert Counter([await asked(forwarder) for _ in range(20)]) == {b"a": 10, b"b": 10}


async def test_the_one_with_the_fewest_requests_is_next() -> None:
    with raw_upstream(named(b"a")) as a, raw_upstream(named(b"b")) as b:
        async with forwarding(a, b, balance="least_connections") as (forwarder, upstream, _, _):
            held = [await upstream.acquire(PARTY, repeatable=True) for _ in range(2)]
            busy = held[0].pool
            held[1].pool.release(held[1])
            assert {await asked(forwarder) for _ in range(4)} == {b"b" if busy is upstream.pools[0] else b"a"}
            busy.release(held[0])


async def test_one_whose_connections_are_taken_is_passed_over() -> None:
    with raw_upstream(named(b"a")) as a, raw_upstream(named(b"b")) as b:
        async with forwarding(a, b, max_connections=1) as (forwarder, upstream, _, _):
            held = await upstream.acquire(PARTY, repeatable=True)
            free = b"b" if held.pool is upstream.pools[0] else b"a"
            assert [await asked(forwarder) for _ in range(3)] == [free] * 3
            held.pool.release(held)


async def test_a_server_that_is_gone_is_passed_over_by_every_request() -> None:
    """Also by those that cannot be repeated: nothing of them was sent."""
    with raw_upstream(named(b"b")) as b:
        async with forwarding("http://127.0.0.1:9", b) as (forwarder, _, _, events):
            for method in ("GET", "POST"):
                assert await asked(forwarder, method) == b"b"
                assert await asked(forwarder, method, part(b"12"), length=2, has_body=True) == b"b"
    assert {type(each) for each in events} == {ServerReturned, ServerFailed}


async def test_what_failed_is_repeated_elsewhere_if_it_can_be() -> None:
    with raw_upstream(RawUpstream(reset=True)) as bad, raw_upstream(named(b"b")) as good:
        async with forwarding(bad, good, breaker={"enabled": False}) as (forwarder, _, _, events):
            assert [await asked(forwarder) for _ in range(4)] == [b"b"] * 4
            assert events.count(RequestRepeated("default")) == len(bad.received) > 0
            sent = len(bad.received)
            with pytest.raises(UpstreamUnreachable):
                for _ in range(2):
                    await asked(forwarder, "POST")
            assert len(bad.received) == sent + 1


async def test_an_answer_that_is_none_is_repeated_as_often_as_the_settings_say() -> None:
    def broken() -> RawUpstream:
        return RawUpstream(answer=lambda _: b"nonsense\r\n\r\n")

    with raw_upstream(broken()) as one, raw_upstream(broken()) as two, raw_upstream(named(b"c")) as three:
        async with forwarding(one, two, three, breaker={"enabled": False}, retries=2) as (forwarder, _, _, _):
            assert [await asked(forwarder) for _ in range(3)] == [b"c"] * 3
        async with forwarding(one, two, three, breaker={"enabled": False}, retries=0) as (forwarder, _, _, _):
            with pytest.raises(UpstreamBroken):
                for _ in range(3):
                    await asked(forwarder)


async def test_a_server_that_fails_is_left_alone_tried_again_and_returns() -> None:
    settings = {"breaker": {"failures": 2, "open_for": "10s"}}
    with raw_upstream(RawUpstream(reset=True)) as bad, raw_upstream(named(b"b")) as good:
        async with forwarding(bad, good, **settings) as (forwarder, _, clock, events):
            for _ in range(6):
                await asked(forwarder)
            assert len(bad.received) == 2
            url = f"http://127.0.0.1:{bad.port}"
            assert ServerOut("default", url, "upstream-unreachable") in events
            clock.now += 10.0
            await asked(forwarder)
            await asked(forwarder)
            assert len(bad.received) == 3  # one request tried it
            bad.reset = False
            clock.now += 10.0
            assert b"ok" in [await asked(forwarder) for _ in range(2)]
            assert events[-1] == ServerReturned("default", url)


def agreeing(name: bytes) -> RawUpstream:
    """A server that opens WebSockets."""
    return RawUpstream(
        answer=lambda _: (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Name: %b\r\n\r\n"
            % name
        )
    )


class Sockets:
    """Opens WebSockets, which stay open until the block ends."""

    def __init__(self, forwarder: Forwarder, upstream: Upstream) -> None:
        self.forwarder = forwarder
        self.connections = WebSocketConnections(WebSocketSettings(), upstream.dial)
        self.held: list[UpstreamConnection] = []

    def __enter__(self) -> Sockets:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.held:
            self.connections.release(each)
        assert len(self.connections) == 0

    async def open(self, number: int) -> list[bytes]:
        """The names of the servers that agreed to so many."""
        found = []
        for _ in range(number):
            response = await self.forwarder.open_websocket(upstream_request(), self.connections)
            self.held.append(response.keep_connection())
            found.append(dict(response.register_headers)[b"x-name"])
        return found


@pytest.mark.parametrize("fault", ["reset", "nonsense"])
async def test_a_handshake_that_a_server_does_not_answer_goes_to_another(fault: str) -> None:
    bad = RawUpstream(reset=fault == "reset", answer=lambda _: b"nonsense\r\n\r\n")
    with raw_upstream(bad) as one, raw_upstream(agreeing(b"b")) as two:
        async with forwarding(one, two, breaker={"failures": 2}) as (forwarder, upstream, _, events):
            with Sockets(forwarder, upstream) as sockets:
                assert await sockets.open(6) == [b"b"] * 6
                assert events.count(RequestRepeated("default")) == len(one.received) == 2
                assert [pool.websockets for pool in upstream.pools] == [0, 6]
            assert [pool.websockets for pool in upstream.pools] == [0, 0]
        async with forwarding(one) as (forwarder, upstream, _, _):
            with (
                Sockets(forwarder, upstream) as sockets,
                pytest.raises((UpstreamUnreachable, UpstreamBroken)),
            ):
                await sockets.open(1)


async def test_websockets_go_to_the_server_with_the_fewest_of_them() -> None:
    settings = {"balance": "least_connections", "breaker": {"failures": 1}}
    with raw_upstream(agreeing(b"a")) as a, raw_upstream(agreeing(b"b")) as b:
        async with forwarding(a, b, **settings) as (forwarder, upstream, _, _):
            with Sockets(forwarder, upstream) as sockets:
                upstream.pools[0].health.failed("upstream-timeout")
                assert await sockets.open(4) == [b"b"] * 4
                upstream.pools[0].health.succeeded()
                assert await sockets.open(4) == [b"a"] * 4
                # Requests are counted for themselves.
                held = [await upstream.acquire(PARTY, repeatable=True) for _ in range(4)]
                assert Counter(each.pool for each in held) == dict.fromkeys(upstream.pools, 2)
                assert sorted(await sockets.open(2)) == [b"a", b"b"]
                for each in held:
                    each.pool.release(each)


async def test_without_any_server_clients_learn_when_to_come_back() -> None:
    settings = {"breaker": {"failures": 1, "open_for": "10s"}}
    async with forwarding("http://127.0.0.1:9", **settings) as (forwarder, _, clock, _):
        with pytest.raises(UpstreamUnreachable):
            await asked(forwarder)
        clock.now += 4.0
        with pytest.raises(UpstreamOut) as problem:
            await asked(forwarder)
        assert problem.value.facts["retry_after"] == 6


async def test_a_single_server_is_never_left_alone_by_default() -> None:
    async with forwarding("http://127.0.0.1:9") as (forwarder, _, _, _):
        for _ in range(10):
            with pytest.raises(UpstreamUnreachable):
                await asked(forwarder)


async def test_a_server_that_returns_starts_slowly() -> None:
    with raw_upstream(named(b"a")) as a, raw_upstream(named(b"b")) as b:
        async with forwarding(a, b, slow_start="100s", breaker={"failures": 1}) as (forwarder, up, clock, _):
            up.pools[0].health.failed("upstream-timeout")
            clock.now += 10.0
            assert {await asked(forwarder), await asked(forwarder)} == {b"a", b"b"}
            clock.now += 25.0
            assert Counter([await asked(forwarder) for _ in range(50)])[b"a"] in (9, 10)
            clock.now += 100.0
            assert [await asked(forwarder) for _ in range(50)].count(b"a") in (25, 26)


async def test_a_probe_puts_a_server_out_before_a_request_meets_it() -> None:
    state = {"status": b"503 Busy"}
    sick = RawUpstream(
        answer=lambda head: (
            b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n"
            % (state["status"] if head.startswith(b"GET /health ") else b"200 OK")
        )
    )
    probe = {"path": "/health", "interval": "100ms", "statuses": [204], "fall": 1}
    with raw_upstream(sick) as a, raw_upstream(named(b"b")) as b:
        b.answer = lambda head: (
            b"HTTP/1.1 204 Fine\r\n\r\n"
            if head.startswith(b"GET /health ")
            else b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"
        )
        async with forwarding(a, b, probe=probe) as (forwarder, upstream, _, events):
            url = f"http://127.0.0.1:{a.port}"
            await eventually(lambda: upstream.pools[0].health.out)
            assert ServerOut("default", url, "/health is answered with 503") in events
            assert [await asked(forwarder) for _ in range(4)] == [b"b"] * 4
            state["status"] = b"204 Fine"
            await eventually(lambda: events[-1] == ServerReturned("default", url))
            assert b"" in [await asked(forwarder) for _ in range(2)]
        assert any(b"host: gw.test\r\n" in head for head in a.begun)


async def test_nothing_that_can_be_repeated_is_lost_while_a_server_fails_and_returns() -> None:
    """Many clients at once, one of two servers resets connections, refuses them, and comes back."""
    lost: list[GatewayError] = []
    with raw_upstream(named(b"a")) as a, raw_upstream(named(b"b")) as b:
        async with forwarding(a, b, breaker={"failures": 3, "open_for": "1s"}) as (forwarder, up, clock, _):
            done = 0

            async def client() -> None:
                nonlocal done
                while done < 1200:
                    try:
                        assert await asked(forwarder) in (b"a", b"b")
                    except GatewayError as problem:
                        lost.append(problem)
                    done += 1

            clients = [asyncio.create_task(client()) for _ in range(8)]
            await eventually(lambda: done > 200)
            a.reset = True
            a.drop()
            await eventually(lambda: up.pools[0].health.out)
            seen = done
            await eventually(lambda: done > seen + 200)
            a.reset = False
            clock.now += 2.0
            await eventually(lambda: not up.pools[0].health.out)
            before = len(a.received)
            await asyncio.gather(*clients)
            assert len(a.received) > before + 50
    assert lost == []


@contextlib.asynccontextmanager
async def answering(start: Any, answer: bytes) -> AsyncIterator[tuple[asyncio.Server, list[bytes]]]:
    """A server that `start` begins; it keeps the heads of the requests."""
    heads: list[bytes] = []
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await start(connected)
    async with server:
        yield server, heads
        await asyncio.gather(*tasks)
    await asyncio.sleep(0)


async def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    async with (
        answering(lambda connected: asyncio.start_unix_server(connected, path), b"unix") as (_, heads),
        forwarding(f"unix:{path}", pass_host=False) as (forwarder, upstream, _, _),
    ):
        assert [await asked(forwarder) for _ in range(2)] == [b"unix"] * 2
        assert upstream.open_connections == 1
    assert b"\r\nhost: localhost\r\n" in heads[0]


async def test_a_server_with_an_authority_and_a_client_certificate_of_its_own(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("reports.test").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name, issuer in (("own", authority), ("stranger", other)):
        certificate = issuer.issue_cert("gateway.test")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    tls = {"ca": str(tmp_path / "ca.pem"), "server_name": "reports.test"}
    own = {**tls, "certificate": str(tmp_path / "own.pem")}
    stranger = {**tls, "certificate": str(tmp_path / "stranger.pem")}

    async with answering(
        lambda connected: asyncio.start_server(connected, "127.0.0.1", 0, ssl=context), b"tls"
    ) as (server, _):
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with forwarding(url, tls=own, host="reports.test") as (forwarder, _, _, _):
            assert await asked(forwarder) == b"tls"
        for wrong in (tls, stranger, {**own, "server_name": "x.test"}):
            async with forwarding(url, tls=wrong) as (forwarder, _, _, _):
                with pytest.raises(UpstreamUnreachable):
                    await asked(forwarder)


async def test_a_certificate_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(ValueError, match="upstream 'default': tls: "):
        async with forwarding("https://127.0.0.1:9", tls={"ca": "/nowhere.pem"}):
            pass


async def test_a_connection_of_ones_own_is_new_and_counts() -> None:
    with raw_upstream(named(b"a")) as a:
        async with forwarding(a, max_connections=1) as (_, upstream, _, _):
            connection = await upstream.connect(PARTY)
            assert connection.exchanges == 0
            assert upstream.open_connections == 1
            connection.pool.release(connection)


async def test_the_path_and_the_host_inside() -> None:
    with raw_upstream(named(b"a")) as a:
        settings = {"strip_prefix": "/x", "add_prefix": "/app/v1", "host": "inside.test:81"}
        async with forwarding(a, **settings) as (forwarder, _, _, _):
            await asked(forwarder)
        head = a.received[0]
        assert head.startswith(b"GET /app/v1/ HTTP/1.1\r\n")
        assert b"\r\nhost: inside.test:81\r\n" in head
        assert b"\r\nx-forwarded-prefix: /x\r\n" in head


async def test_the_destination_of_webdav_is_a_path_inside_too() -> None:
    with raw_upstream(named(b"a")) as a:
        async with forwarding(a, strip_prefix="/x") as (forwarder, _, _, _):
            request = upstream_request("MOVE")._replace(lines=b"destination: http://gw.test/x/b\r\n")
            response = await forwarder.forward(request)
            await response.aclose()
            request = request._replace(lines=b"destination: http://gw.test/b\r\n")
            with pytest.raises(BadRequest):
                await forwarder.forward(request)
        (head,) = a.received
        assert b"\r\ndestination: http://gw.test/b\r\n" in head
