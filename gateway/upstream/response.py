"""The response of the register on its way to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from gateway.caching.known_lines import with_passing
from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.http_semantics import HeaderLine
from gateway.responses import Send
from gateway.upstream.client_headers import ClientHeaders
from gateway.upstream.client_stream import ClientStream
from gateway.upstream.connection import ClientStalled, UpstreamConnection
from gateway.upstream.connection_state import COMPLETE
from gateway.upstream.settings import UpstreamSettings

# The client must have taken in most of one piece before its time begins again with the next.
_PIECE: Final = 65_536


class Lender(Protocol):
    """Where a connection came from."""

    def release(self, connection: UpstreamConnection) -> None:
        """Give it back."""


class AnswerCut(Exception):
    """The response broke off after it had begun: it must not look complete to the client. Traces have the name of this class."""


class UpstreamResponse:
    """Status and headers for the client, and the body, which `relay` sends. `aclose` it in every case."""

    _held = True
    received = 0
    """Octets of the body so far."""
    complete = False
    """Whether all of the response has arrived."""

    def __init__(
        self,
        connection: UpstreamConnection,
        client: ClientStream,
        pool: Lender,
        *,
        for_client: ClientHeaders,
        settings: UpstreamSettings,
    ) -> None:
        self._connection = connection
        self._client = client
        self._pool = pool
        self._settings = settings
        response = connection.response
        self.status = response.status
        self.headers = for_client(response.headers, connection.owner, response.status)
        if not client.done:
            # The client is still sending what nobody will read.
            self.headers = with_passing(self.headers, ((b"connection", b"close"),))

    @property
    def register_headers(self) -> Sequence[HeaderLine]:
        """The headers as the register sent them."""
        return self._connection.response.headers

    @property
    def sent(self) -> int:
        """Octets of the request body that went to the register so far."""
        return self._client.sent

    async def relay(self, send: Send, extra: Iterable[HeaderLine] = ()) -> None:
        """Send the response with `extra` headers to the client, as it arrives.

        The register's connection is given back before the last part is sent: a client that takes its time doesn't
        hold it. Raises AnswerCut if the register breaks off or the client takes in nothing for
        `client_write_timeout`, ClientGone if it leaves, and a GatewayError if its own body turns out wrong.
        """
        start = {"type": "http.response.start", "status": self.status, "headers": [*self.headers, *extra]}
        if self._connection.state is COMPLETE:
            part = self._last_part()
            await send(start)
            await send({"type": "http.response.body", "body": part, "more_body": False})
            return
        await self._send_in_time(send, start)
        while not self.complete:
            pieces = await self._next_pieces()
            last = len(pieces) if self.complete else 0
            for number, piece in enumerate(pieces, 1):
                message = {"type": "http.response.body", "body": piece, "more_body": number != last}
                await self._send_in_time(send, message)

    def _last_part(self) -> bytes:
        part = self._connection.take()
        self.received += len(part)
        self.complete = True
        self._give_back()
        return part

    async def _next_pieces(self) -> list[bytes]:
        connection = self._connection
        if connection.state is COMPLETE:
            part = self._last_part()
        else:
            self._client.watch()
            try:
                part = await connection.read(self._settings.idle_timeout)
            except (UpstreamBroken, UpstreamTimeout, ClientStalled) as problem:
                raise AnswerCut(str(problem)) from problem
            self.received += len(part)
            if connection.state is COMPLETE:
                part += self._last_part()
        if len(part) <= _PIECE:
            return [part]
        return [part[first : first + _PIECE] for first in range(0, len(part), _PIECE)]

    async def _send_in_time(self, send: Send, message: dict[str, Any]) -> None:
        if not self._held:
            await send(message)
            return
        connection, seconds = self._connection, self._settings.client_write_timeout
        connection.waits_for_client_since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds) as connection.client_wait:
                await send(message)
        except TimeoutError as problem:
            why = "while others waited" if connection.closed else f"for {seconds:g} s"
            raise AnswerCut(f"the client took in nothing {why}") from problem
        finally:
            connection.client_wait = None
        connection.waits_for_client_since = None

    def keep_connection(self) -> UpstreamConnection:
        """The connection, which the caller releases: the exchange is over, another protocol follows."""
        self._held = False
        self._client.stop()
        return self._connection

    async def aclose(self) -> None:
        """Give the connection back, or close it if the exchange is not complete."""
        self._give_back()

    def _give_back(self) -> None:
        if self._held:
            self._held = False
            self._connection.waits_for_client_since = None
            self._client.stop()
            self._pool.release(self._connection)
            self._connection.forget()
