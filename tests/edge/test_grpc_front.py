"""Checks over gRPC: what Envoy asks, and what it is answered, without the rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from envoy.service.auth.v3 import external_auth_pb2 as authz
from envoy.service.auth.v3 import external_auth_pb2_grpc as service

from gateway.edge.fronts import PERMISSION, REMOVED
from gateway.edge.grpc_front import grpc_listener, subrequest_scope
from tests.pipeline.grpc_check import check_request
from tests.running import free_socket
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

Ask = Callable[[authz.CheckRequest], Awaitable[authz.CheckResponse]]


class Answering:
    """An application that answers all checks in the same way, and keeps what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.start: dict[str, Any] = {"status": 403, "headers": []}
        self.body = b""
        self.wait = False
        self.released: asyncio.Event | None = None
        self.cancelled = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if self.released is not None:
            await self.released.wait()
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        if self.wait:
            try:
                await receive()
            finally:
                self.cancelled.set()
        await send({"type": "http.response.start", **self.start})
        await send({"type": "http.response.body", "body": self.body})


@pytest.fixture
def app() -> Answering:
    return Answering()


@pytest.fixture
async def stub(app: Answering) -> AsyncIterator[Any]:
    with free_socket(shared=True) as sock:
        async with grpc_listener(app, sock):
            with grpc.insecure_channel(f"127.0.0.1:{sock.getsockname()[1]}") as channel:
                yield service.AuthorizationStub(channel)


@pytest.fixture
def ask(stub: Any) -> Ask:
    return lambda request: asyncio.to_thread(stub.Check, request, timeout=10)


def lines(options: Any) -> list[tuple[str, bytes]]:
    return [(each.header.key, each.header.value.encode()) for each in options]


async def test_a_check_is_the_question_that_http_would_be(app: Answering, ask: Ask) -> None:
    said = [
        ("host", "gw.test"),
        ("cookie", "a=b"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-twice", "1"),
        ("x-twice", "\xe9"),
    ]
    await ask(check_request("PUT", "/a%2Fb?c=d", said))
    (scope,) = app.scopes
    assert (scope["method"], scope["raw_target"]) == ("PUT", b"/auth/a%2Fb?c=d")
    assert (scope["path"], scope["query_string"], scope["client"][0]) == ("/auth/a%2Fb", b"c=d", "127.0.0.1")
    expected = [(b"host", b"gw.test"), (b"cookie", b"a=b"), (b"x-forwarded-for", b"192.0.2.7")]
    assert scope["headers"] == [*expected, (b"x-twice", b"1"), (b"x-twice", b"\xe9")]


async def test_a_permission_says_who_each_header_is_for(app: Answering, ask: Ask) -> None:
    register = [
        (b"x-auth-name", b"J%C3%A9"),
        (b"cookie", b"a=b"),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    app.start = {
        "status": 200,
        "headers": [*register, (REMOVED, b"x-auth-rights,x_auth_rights"), *cookies],
        PERMISSION: [(b"x-frame-options", b"DENY")],
    }
    answer = await ask(check_request("GET", "/a", [("host", "gw.test")]))
    allowed = answer.ok_response
    assert answer.status.code == 0
    assert lines(allowed.headers) == [("x-auth-name", b"J%C3%A9"), ("cookie", b"a=b")]
    assert list(allowed.headers_to_remove) == ["x-auth-rights", "x_auth_rights"]
    assert lines(allowed.response_headers_to_add) == [
        ("x-frame-options", b"DENY"), ("set-cookie", b"a=1"), ("set-cookie", b"b=2"),
    ]  # fmt: skip


async def test_a_status_of_success_alone_permits_nothing(app: Answering, ask: Ask) -> None:
    app.start, app.body = {"status": 200, "headers": [(b"content-length", b"4"), (b"x-a", b"b")]}, b"page"
    answer = await ask(check_request("GET", "/a", [("host", "gw.test")]))
    assert answer.status.code
    refused = answer.denied_response
    assert (refused.status.code, refused.body, lines(refused.headers)) == (200, "page", [("x-a", b"b")])


async def test_an_application_that_fails_gives_no_permission(app: Answering, ask: Ask) -> None:
    app.start = {"status": 200, "headers": [("not octets", 1)], PERMISSION: []}
    with pytest.raises(grpc.RpcError):
        await ask(check_request("GET", "/a", [("host", "gw.test")]))


async def test_where_envoy_stops_waiting_the_check_ends(app: Answering, stub: Any) -> None:
    app.wait = True
    call = stub.Check.future(check_request("GET", "/a", [("host", "gw.test")]))
    while not app.scopes:
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait_for(app.cancelled.wait(), 60)


async def test_more_checks_than_threads_wait_for_their_turn(app: Answering, stub: Any) -> None:
    app.released = asyncio.Event()
    calls = [
        stub.Check.future(check_request("GET", "/a", [("host", "gw.test")]), timeout=10) for _ in range(200)
    ]
    await eventually(lambda: len(app.scopes) == 64)
    app.released.set()
    answers = await asyncio.to_thread(lambda: [call.result() for call in calls])
    assert {answer.denied_response.status.code for answer in answers} == {403}
    assert len(app.scopes) == 200


@pytest.mark.parametrize(
    ("peer", "client"), [("127.0.0.1", ("127.0.0.1", 0)), (None, None)], ids=["address", "socket"]
)
def test_checks_without_raw_headers_have_no_host(peer: str | None, client: Any) -> None:
    request = authz.CheckRequest()
    request.attributes.request.http.path = "/a"
    request.attributes.request.http.headers["host"] = "gw.test"
    scope = subrequest_scope(request, (peer, 0) if peer else None)
    assert (scope["headers"], scope["client"]) == ([], client)


async def test_a_taken_address_is_a_clear_error(app: Answering) -> None:
    with free_socket() as sock:
        sock.listen()
        with pytest.raises(OSError, match="cannot listen on"):
            async with grpc_listener(app, sock):
                pass
