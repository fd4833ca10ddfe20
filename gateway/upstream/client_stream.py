"""The client's side of an exchange: carries the request body to the register and notices when the client leaves."""

from __future__ import annotations

import asyncio

from gateway.errors import BadRequest, ContentTooLarge, RequestTimeout
from gateway.upstream.connection import ConnectionClosed, UpstreamConnection
from gateway.upstream.request import UpstreamRequest


class ClientGone(Exception):
    """The client closed its connection before the answer was complete."""


class ClientStream:
    """What one client sends during one exchange.

    `sent` counts octets of the body, `done` says whether all of it went to the register.
    """

    __slots__ = ("_connection", "_error", "_limit", "_request", "_task", "_timeout", "done", "sent")

    def __init__(
        self, request: UpstreamRequest, connection: UpstreamConnection, *, limit: int, timeout: float
    ) -> None:
        self._request = request
        self._connection = connection
        self._limit = limit
        self._timeout = timeout
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self.done = not request.has_body
        self.sent = 0

    def start(self) -> None:
        """Begin to carry the body, beside waiting for the answer: a register may answer early."""
        if self.done:
            self._connection.request_sent()
        else:
            self._task = asyncio.create_task(self._carry())

    def watch(self) -> None:
        """From here on, a client that leaves ends the exchange. Without effect while its body is being carried."""
        if self.done and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._wait_until_client_leaves())

    def raise_for_error(self) -> None:
        """Raise what ended the body early, if anything did: a GatewayError or ClientGone."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """The exchange is over: carry nothing more, stop watching."""
        if self._task is not None:
            self._task.cancel()

    async def _carry(self) -> None:
        try:
            await self._carry_body()
        except ConnectionClosed:
            pass  # what counts is why the register closed, or its early answer
        except TimeoutError:
            self._give_up(RequestTimeout(f"no byte of the body for {self._timeout:g} s"))
        except (ClientGone, BadRequest, ContentTooLarge) as problem:
            self._give_up(problem)

    async def _carry_body(self) -> None:
        connection, length = self._connection, self._request.content_length
        more = True
        while more:
            async with asyncio.timeout(self._timeout):
                message = await self._request.receive()
            if message["type"] != "http.request":
                raise ClientGone
            part = message.get("body", b"")
            more = message.get("more_body", False)
            self.sent += len(part)
            if self.sent > self._limit:
                raise ContentTooLarge(f"more than {self._limit} bytes", limit=self._limit)
            if part:
                connection.write(part if length is not None else b"%x\r\n%s\r\n" % (len(part), part))
                await connection.drain()
        if length is None:
            connection.write(b"0\r\n\r\n")
        elif self.sent != length:
            raise BadRequest(f"{self.sent} of {length} bytes", code="body-short")
        self.done = True
        connection.request_sent()

    def _give_up(self, problem: Exception) -> None:
        self._error = problem
        self._connection.abandon(problem)

    async def _wait_until_client_leaves(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._connection.abandon(ClientGone())
