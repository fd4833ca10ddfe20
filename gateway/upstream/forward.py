"""Sends requests to the register and waits for its answers; repeats a request if a kept connection was just closed."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from gateway.errors import HeadersTooLarge, RequestTimeout, UpstreamTimeout, UpstreamUnreachable
from gateway.http_semantics import IDEMPOTENT
from gateway.upstream.client_stream import BodyLimits, ClientStream
from gateway.upstream.connection import ClientStalled, ConnectionClosed, UpstreamConnection
from gateway.upstream.connection_state import COMPLETE
from gateway.upstream.outside import OutsideAddresses
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import Lender, UpstreamResponse, headers_for_client
from gateway.upstream.response_head import HeaderLines
from gateway.upstream.settings import UpstreamSettings, host_and_port
from gateway.upstream.websocket_connections import WebSocketConnections

# Most answers are there sooner: only after this many seconds is it worth a task to notice that the client leaves.
_PATIENCE = 0.05
_NO_ANSWER = "the register closed the connection without an answer"


class WholeAnswer(NamedTuple):
    """An answer of the register that has arrived whole; `headers` are those for the client."""

    status: int
    headers: HeaderLines
    body: bytes


class Forwarder:
    """Carries requests to one register. `max_body` is in octets, `body_timeout` in seconds between two parts.

    Without `sessions` the register's own sessions are not kept apart.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        pool: ConnectionPool,
        *,
        own_cookies: str,
        max_body: int,
        body_timeout: float,
        sessions: RegisterSessions | None = None,
        outside: OutsideAddresses | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._outside = outside if settings.rewrite_addresses else None
        self._pool = pool
        self._own_cookies = own_cookies.encode("ascii")
        self._limits = BodyLimits(max_body, body_timeout, settings.write_timeout)
        host, port, secure = host_and_port(settings)
        name = f"[{host}]" if ":" in host else host
        self._host = (name if port == (443 if secure else 80) else f"{name}:{port}").encode("ascii")

    async def forward(
        self, request: UpstreamRequest, begun: UpstreamConnection | None = None
    ) -> UpstreamResponse:
        """Send the request and wait for the head of the answer. The caller must `aclose` the response.

        `begun` is a connection on which `begin_at_once` has already sent this request.
        Raises UpstreamUnreachable, UpstreamBroken, UpstreamTimeout or Overloaded for the register; HeadersTooLarge for
        the head of the request, BadRequest, ContentTooLarge or RequestTimeout for its body; ClientGone.
        """
        client = ClientStream(request, self._limits)
        if request.framing.has_body:
            await client.prepare()
        repeatable = request.method in IDEMPOTENT and not request.framing.has_body
        connection = begun or await self._pool.acquire(request.party, repeatable=repeatable)
        while True:
            try:
                return await self._exchange(
                    connection, request, client, self._pool, begun=connection is begun
                )
            except ConnectionClosed as problem:
                if connection.exchanges == 1 or not repeatable:
                    raise UpstreamUnreachable(_NO_ANSWER) from problem
            connection = await self._pool.fresh(request.party)

    async def open_websocket(
        self, request: UpstreamRequest, connections: WebSocketConnections
    ) -> UpstreamResponse:
        """Send the opening handshake and wait for the head of the answer. As `forward`, over a connection of its own."""
        client = ClientStream(request, self._limits)
        connection = await connections.acquire(request.party)
        try:
            connection.answer.may_switch()
            return await self._exchange(connection, request, client, connections, begun=False)
        except ConnectionClosed as problem:
            raise UpstreamUnreachable(_NO_ANSWER) from problem

    def begin_at_once(self, request: UpstreamRequest) -> UpstreamConnection | None:
        """Send a request without a body over an idle connection, without waiting; None where there is none.

        Then either `take_whole` or `forward` must follow.
        """
        connection = self._pool.take_idle(request.party, repeatable=request.method in IDEMPOTENT)
        if connection is None:
            return None
        try:
            self._begin(connection, request)
        except HeadersTooLarge:
            self._pool.release(connection)
            return None
        connection.request_sent()
        return connection

    def take_whole(self, connection: UpstreamConnection) -> WholeAnswer | None:
        """The answer, if all of it is there; the connection is given back then. None where it is not, or failed."""
        if connection.state is not COMPLETE:
            return None
        answer = connection.answer
        headers = headers_for_client(
            answer.headers, self._own_cookies, connection.owner, self._sessions, answer.status, self._outside
        )
        whole = WholeAnswer(answer.status, headers, connection.take())
        self._pool.release(connection)
        return whole

    def _begin(self, connection: UpstreamConnection, request: UpstreamRequest) -> None:
        """Raises HeadersTooLarge for a head that the register would refuse, before anything is sent."""
        if self._sessions is not None:
            request = request.with_own_sessions(self._sessions)
        head = request.head(request.host if self._settings.pass_host else self._host)
        if len(head) > self._settings.max_header_bytes:
            raise HeadersTooLarge(f"{len(head)} octets for the register")
        connection.start(request.method, logs_in=request.framing.logs_in_connection)
        connection.owner = request.owner
        connection.write(head)

    async def _exchange(
        self,
        connection: UpstreamConnection,
        request: UpstreamRequest,
        client: ClientStream,
        pool: Lender,
        *,
        begun: bool,
    ) -> UpstreamResponse:
        """Send the request and wait for the head of the answer; gives the connection back if there will be none."""
        try:
            if not begun:
                self._begin(connection, request)
            client.start(connection)
            if not begun:
                await connection.wait(_PATIENCE)
            if not connection.settled:
                await self._wait_for_head(connection, client)
            client.raise_for_error()
            connection.raise_for_error()
        except BaseException as problem:
            client.stop()
            pool.release(connection)
            connection.forget()
            if isinstance(problem, ClientStalled):
                raise RequestTimeout(str(problem)) from problem
            raise
        return UpstreamResponse(
            connection,
            client,
            pool,
            own_cookies=self._own_cookies,
            settings=self._settings,
            sessions=self._sessions,
            outside=self._outside,
        )

    async def _wait_for_head(self, connection: UpstreamConnection, client: ClientStream) -> None:
        """Raises UpstreamTimeout. The register's time begins when it has the whole request."""
        clock = asyncio.get_running_loop().time
        deadline, sent = 0.0, False
        while not connection.settled:
            if not sent:
                deadline = clock() + self._settings.response_timeout
                sent = client.done
            client.watch()
            left = deadline - clock()
            if left <= 0:
                raise UpstreamTimeout(f"no answer within {self._settings.response_timeout:g} s")
            await connection.wait(left)
