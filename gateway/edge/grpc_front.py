"""A listener for Envoy's ext_authz over gRPC: each check becomes the subrequest that Envoy would ask over HTTP.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
Needs the packages of `toegangspoort[grpc]`, so it is imported only where a front speaks gRPC.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import grpc
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import external_auth_pb2 as authz
from envoy.service.auth.v3 import external_auth_pb2_grpc as service
from envoy.type.v3 import http_status_pb2
from google.rpc import code_pb2, status_pb2

from gateway.edge.fronts import PERMISSION, REMOVED
from gateway.edge.synthetic_scope import synthetic_scope
from gateway.http_semantics import HeaderLine

_GRACE_SECONDS: Final = 1.0
# Checks that are judged at once, and those that may wait for that too; Envoy refuses what is one too many.
_AT_ONCE: Final = 64
_MOST: Final = 1_024
_PEER: Final = re.compile(r"ipv[46]:\[?([0-9a-f:.]+)\]?:\d+")
_PREFIX: Final = b"/auth"
_SET_COOKIE: Final = b"set-cookie"
# What is about this answer, and not for the register.
_OF_THE_ANSWER: Final = frozenset((b"content-length", b"cache-control", REMOVED))
# Envoy frames the answer by itself.
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding", b"connection"))
_REPLACE: Final = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_ADD: Final = base_pb2.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD


@contextlib.asynccontextmanager
async def grpc_listener(app: Any, sock: socket.socket) -> AsyncIterator[None]:
    """Answer checks by an ASGI application while the block runs, at the address of this bound socket.

    gRPC listens by itself and beside it: `sock` must have SO_REUSEPORT and not listen. Raises OSError where it can't.
    """
    host, port = sock.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    threads = ThreadPoolExecutor(_AT_ONCE, "grpc-front")
    server = grpc.server(threads, options=[("grpc.so_reuseport", 1)], maximum_concurrent_rpcs=_MOST)
    service.add_AuthorizationServicer_to_server(_Checks(app, asyncio.get_running_loop()), server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as problem:
        raise OSError(f"gRPC cannot listen on {address}: {problem}") from problem
    server.start()
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop(_GRACE_SECONDS).wait)
        await asyncio.to_thread(threads.shutdown)


class _Checks:
    """Takes each check on a thread of gRPC, and judges it on the event loop."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def Check(self, request: authz.CheckRequest, context: Any) -> authz.CheckResponse:  # noqa: N802
        """One check. An application that fails gives no answer: Envoy refuses then."""
        answer = _Answer()
        judging = self._app(subrequest_scope(request, _client(context.peer())), _no_body(), answer.send)
        future = asyncio.run_coroutine_threadsafe(judging, self._loop)
        # Envoy stopped waiting.
        context.add_callback(future.cancel)
        future.result()
        return answer.response()


def subrequest_scope(request: authz.CheckRequest, client: tuple[str, int] | None) -> dict[str, Any]:
    """The ASGI scope of the subrequest over HTTP. Envoy must send each header line (`encode_raw_headers: true`)."""
    http = request.attributes.request.http
    target = _PREFIX + http.path.encode("utf-8")
    lines = [
        (line.key.encode("utf-8"), line.raw_value or line.value.encode("utf-8"))
        for line in http.header_map.headers
    ]
    host = [(b"host", value) for name, value in lines if name == b":authority"]
    # HTTP/2 may have Host beside :authority: two names are one too many, and refused.
    headers = [*host, *(line for line in lines if not line[0].startswith(b":"))]
    asked = synthetic_scope(http.method, target, headers, client[0] if client is not None else "")
    return {**asked, "client": client, "extensions": {PERMISSION: {}}}


@dataclass(slots=True)
class _Answer:
    """What the application sends, as Envoy reads it."""

    status: int = 500
    lines: list[HeaderLine] = field(default_factory=list)
    permission: Iterable[HeaderLine] | None = None
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: dict[str, Any]) -> None:
        """An ASGI event."""
        if message["type"] == "http.response.start":
            self.status, self.lines = message["status"], list(message.get("headers", ()))
            self.permission = message.get(PERMISSION)
        else:
            self.body += message.get("body", b"")

    def response(self) -> authz.CheckResponse:
        """A permission, only where the application said so itself; anything else is a refusal."""
        if self.permission is None:
            return self._refusal()
        cookies = [line for line in self.lines if line[0] == _SET_COOKIE]
        register = [line for line in self.lines if line[0] not in _OF_THE_ANSWER and line[0] != _SET_COOKIE]
        removed = [
            name.decode("ascii")
            for line in self.lines
            if line[0] == REMOVED
            for name in line[1].split(b",")
            if name
        ]
        return authz.CheckResponse(
            status=status_pb2.Status(code=code_pb2.OK),
            ok_response=authz.OkHttpResponse(
                headers=_options(register, _REPLACE),
                headers_to_remove=removed,
                response_headers_to_add=[*_options(self.permission, _REPLACE), *_options(cookies, _ADD)],
            ),
        )

    def _refusal(self) -> authz.CheckResponse:
        lines = [line for line in self.lines if line[0] not in _FRAMING]
        return authz.CheckResponse(
            status=status_pb2.Status(code=code_pb2.PERMISSION_DENIED),
            denied_response=authz.DeniedHttpResponse(
                status=http_status_pb2.HttpStatus(code=self.status),
                headers=_options(lines, _ADD),
                body=self.body.decode("utf-8"),
            ),
        )


def _options(lines: Iterable[HeaderLine], action: Any) -> list[base_pb2.HeaderValueOption]:
    # Envoy passes over `raw_value` here, and `value` is text: octets that are not UTF-8 can't be said.
    return [
        base_pb2.HeaderValueOption(
            header=base_pb2.HeaderValue(key=name.decode("ascii"), value=value.decode("utf-8", "replace")),
            append_action=action,
        )
        for name, value in lines
    ]


def _client(peer: str) -> tuple[str, int] | None:
    """Who asks, of `ipv4:127.0.0.1:1234` or `ipv6:[::1]:1234`, whose brackets come encoded."""
    found = _PEER.fullmatch(unquote(peer))
    return (found[1], 0) if found else None


def _no_body() -> Any:
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            # The call itself is cancelled where Envoy stops waiting.
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive
