"""Sends requests to an upstream and waits for its responses; repeats what failed and can be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gateway.errors import (
    AddressTooLong,
    ContentTooLarge,
    GatewayError,
    HeadersTooLarge,
    RequestTimeout,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from gateway.events import OnEvent, RequestRepeated, ignore
from gateway.http_semantics import FURTHER_METHODS, IDEMPOTENT, HeaderLine
from gateway.upstream.address_rewriter import AddressRewriter
from gateway.upstream.client_headers import ClientHeaders
from gateway.upstream.client_stream import BodyLimits, ClientStream
from gateway.upstream.connection import ClientStalled, ConnectionClosed, HomePool, UpstreamConnection
from gateway.upstream.connection_state import COMPLETE
from gateway.upstream.path_prefix import PathPrefix
from gateway.upstream.progress import Progress
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import Lender, UpstreamResponse
from gateway.upstream.upstream import Upstream
from gateway.upstream.websocket_connections import WebSocketConnections

# Most responses are there sooner: only after this many seconds is it worth a task to notice that the client leaves.
_PATIENCE = 0.05
_NO_ANSWER = "the register closed the connection without an answer"


class WholeResponse(NamedTuple):
    """A response of the register that has arrived whole; `headers` are those for the client."""

    status: int
    headers: Sequence[HeaderLine]
    body: bytes


class Forwarder:
    """Carries requests to one upstream. `max_body` is in octets, `body_timeout` in seconds between two parts.

    Without `sessions` the upstream's own sessions are not kept apart. `fold_prefix`: paths don't tell A-Z from a-z.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        own_cookies: str,
        max_body: int,
        body_timeout: float,
        sessions: RegisterSessions | None = None,
        outside: AddressRewriter | None = None,
        fold_prefix: bool = False,
        on_event: OnEvent = ignore,
    ) -> None:
        self.upstream = upstream
        self._settings = settings = upstream.settings
        self._sessions = sessions
        self._for_client = ClientHeaders(
            own_cookies, sessions, outside if settings.rewrite_addresses else None
        )
        self._limits = BodyLimits(max_body, body_timeout, settings.write_timeout)
        self._on_event = on_event
        self._prefix: PathPrefix | None = None
        if settings.strip_prefix or settings.add_prefix:
            self._prefix = PathPrefix(strip=settings.strip_prefix, add=settings.add_prefix, fold=fold_prefix)
        self._prefix_line = (
            b"x-forwarded-prefix: %b\r\n" % settings.strip_prefix.encode("ascii")
            if settings.strip_prefix
            else b""
        )

    async def forward(
        self,
        request: UpstreamRequest,
        begun: UpstreamConnection | None = None,
        *,
        patience: float | None = None,
        max_body: int | None = None,
        progress: Progress | None = None,
    ) -> UpstreamResponse:
        """Send the request and wait for the head of the response. The caller must `aclose` the response.

        `begun` is a connection on which `begin_at_once` has already sent this request. `patience` (seconds until the
        response begins) and `max_body` (octets) are used instead of the upstream's own; `progress` learns how far the request is.
        Raises UpstreamUnreachable, UpstreamOut, UpstreamBroken, UpstreamTimeout or Overloaded for the register;
        AddressTooLong and HeadersTooLarge for the head of the request, BadRequest, ContentTooLarge or RequestTimeout for its body;
        ClientGone.
        """
        request = self._inside(request)
        limits = self._limits if max_body is None else self._limits._replace(size=max_body)
        if request.framing.content_length is not None and request.framing.content_length > limits.size:
            raise ContentTooLarge(f"Content-Length {request.framing.content_length}", limit=limits.size)
        client = ClientStream(request, limits, progress)
        if request.framing.has_body:
            await client.prepare()
        repeatable = request.method in IDEMPOTENT and not request.framing.has_body
        connection = begun or await self.upstream.acquire(request.party, repeatable=repeatable)
        failed: list[HomePool] = []
        while True:
            try:
                return await self._exchange(
                    connection,
                    request,
                    client,
                    connection.pool,
                    begun=connection is begun,
                    patience=patience or self._settings.response_timeout,
                )
            except ConnectionClosed as problem:
                if not repeatable or not self._again(request, connection, problem, failed):
                    raise _reason(problem) from problem
            except UpstreamBroken as problem:
                if not repeatable or not self._again(request, connection, problem, failed):
                    raise
            connection = await self.upstream.connect(request.party, avoid=failed)

    def _again(
        self,
        request: UpstreamRequest,
        connection: UpstreamConnection,
        problem: Exception,
        failed: list[HomePool],
    ) -> bool:
        """Whether to send the request again; a server that failed is not asked twice."""
        if isinstance(problem, ConnectionClosed) and connection.exchanges > 1:
            return True  # the server closed a connection that nobody used: not a failure
        failed.append(connection.pool)
        if len(failed) > self._settings.retries or not self.upstream.elsewhere(request.party, failed):
            return False
        self._on_event(RequestRepeated(self.upstream.name))
        return True

    async def open_websocket(
        self, request: UpstreamRequest, connections: WebSocketConnections, patience: float | None = None
    ) -> UpstreamResponse:
        """Send the opening handshake and wait for the head of the response. As `forward`, over a connection of its own."""
        request = self._inside(request)
        failed: list[HomePool] = []
        while True:
            connection = await connections.acquire(request.party, failed)
            connection.may_switch()
            try:
                return await self._exchange(
                    connection,
                    request,
                    ClientStream(request, self._limits),
                    connections,
                    begun=False,
                    patience=patience or self._settings.response_timeout,
                )
            except ConnectionClosed as problem:
                if not self._again(request, connection, problem, failed):
                    raise _reason(problem) from problem
            except UpstreamBroken as problem:
                if not self._again(request, connection, problem, failed):
                    raise

    def begin_at_once(self, request: UpstreamRequest) -> UpstreamConnection | None:
        """Send a request without a body over an idle connection, without waiting; None where there is none.

        Then either `take_whole` or `forward` must follow.
        """
        request = self._inside(request)
        connection = self.upstream.take_idle(request.party, repeatable=request.method in IDEMPOTENT)
        if connection is None:
            return None
        try:
            self._begin(connection, request)
        except (AddressTooLong, HeadersTooLarge):
            connection.pool.release(connection)
            return None
        connection.request_sent()
        return connection

    def take_whole(self, connection: UpstreamConnection) -> WholeResponse | None:
        """The response, if all of it is there; the connection is given back then. None where it is not, or failed."""
        if connection.state is not COMPLETE:
            return None
        response = connection.response
        headers = self._for_client(response.headers, connection.owner, response.status)
        whole = WholeResponse(response.status, headers, connection.take())
        pool = connection.pool
        if pool.health.troubled:
            pool.health.succeeded()
        pool.release(connection)
        return whole

    def _inside(self, request: UpstreamRequest) -> UpstreamRequest:
        """The request with the path that the upstream sees. Raises BadRequest for one outside its prefix."""
        if self._prefix is None:
            return request
        lines = request.lines
        if request.method in FURTHER_METHODS:
            lines = self._prefix.inside_lines(lines)
        return request._replace(target=self._prefix.inside(request.target), lines=lines + self._prefix_line)

    def _begin(self, connection: UpstreamConnection, request: UpstreamRequest) -> None:
        """Raises HeadersTooLarge for a head that the register would refuse, before anything is sent; AddressTooLong
        where the address takes most of it.
        """
        if self._sessions is not None:
            request = request.with_own_sessions(self._sessions)
        head = request.head(connection.pool.host or request.host)
        most = self._settings.max_header_bytes
        if len(head) > most:
            too_large = AddressTooLong if len(request.target) > most // 2 else HeadersTooLarge
            raise too_large(f"{len(head)} octets for the register")
        connection.start(request.method, last=request.is_last)
        connection.owner = request.owner
        connection.write(head)

    async def _exchange(
        self,
        connection: UpstreamConnection,
        request: UpstreamRequest,
        client: ClientStream,
        lender: Lender,
        *,
        begun: bool,
        patience: float,
    ) -> UpstreamResponse:
        """Send the request and wait for the head of the response; gives the connection back if there will be none."""
        health = connection.pool.health
        try:
            if not begun:
                self._begin(connection, request)
            client.start(connection)
            if not begun:
                await connection.wait(_PATIENCE)
            if not connection.settled:
                await _wait_for_head(connection, client, patience)
            client.raise_for_error()
            connection.raise_for_error()
        except BaseException as problem:
            client.stop()
            lender.release(connection)
            connection.forget()
            if isinstance(problem, ClientStalled):
                raise RequestTimeout(str(problem)) from problem
            if _is_failure(problem, connection):
                health.failed(_reason(problem).code)
            raise
        if health.troubled:
            health.succeeded()
        return UpstreamResponse(
            connection,
            client,
            lender,
            for_client=self._for_client,
            settings=self._settings,
        )


async def _wait_for_head(connection: UpstreamConnection, client: ClientStream, patience: float) -> None:
    """Raises UpstreamTimeout. The register's time begins when it has the whole request."""
    clock = asyncio.get_running_loop().time
    deadline, sent = 0.0, False
    while not connection.settled:
        if not sent:
            deadline = clock() + patience
            sent = client.done
        client.watch()
        left = deadline - clock()
        if left <= 0:
            raise UpstreamTimeout(f"no answer within {patience:g} s")
        await connection.wait(left)


def _is_failure(problem: BaseException, connection: UpstreamConnection) -> bool:
    """Whether the server is to blame. That it closes a connection that nobody used is not a failure."""
    if isinstance(problem, ConnectionClosed):
        return connection.exchanges == 1
    return isinstance(problem, (UpstreamBroken, UpstreamTimeout))


def _reason(problem: BaseException) -> GatewayError:
    """The error for the client."""
    if isinstance(problem, GatewayError):
        return problem
    why = str(problem)
    return UpstreamUnreachable(f"{_NO_ANSWER}: {why}" if why else _NO_ANSWER)
