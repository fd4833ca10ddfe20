"""The client's side of an exchange: carries the request body to the register and notices when the client leaves."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from gateway.errors import BadRequest, ContentTooLarge, GatewayError, RequestTimeout, UpstreamTimeout
from gateway.upstream.connection import ConnectionClosed, UpstreamConnection
from gateway.upstream.progress import Progress
from gateway.upstream.request import UpstreamRequest

FIRST: Final = 16_384
"""This many octets of a body, or all of it, must have arrived before a connection to the register is taken for it."""


class ClientGone(Exception):
    """The client closed its connection before the answer was complete."""


class BodyLimits(NamedTuple):
    """`size` in octets, `receive` and `write` in seconds: how long the client may send nothing of the body, and how
    long the register may take in nothing of it.
    """

    size: int
    receive: float
    write: float


class ClientStream:
    """What one client sends during one exchange: `prepare`, then `start` with a connection.

    `sent` counts octets of the body, `done` says whether all of it went to the register; `progress` learns how far it is.
    """

    _connection: UpstreamConnection
    _task: asyncio.Task[None] | None = None
    _asked: asyncio.Task[Any] | None = None
    _error: Exception | None = None
    _seen = 0
    sent = 0

    def __init__(
        self, request: UpstreamRequest, limits: BodyLimits, progress: Progress | None = None
    ) -> None:
        self._request = request
        self._limits = limits
        self._more = request.framing.has_body
        self.done = not request.framing.has_body
        self._first: list[bytes] = []
        self._progress = progress or Progress()

    async def prepare(self) -> None:
        """Wait for the first FIRST octets of the body, or all of it. Raises what `raise_for_error` would."""
        while self._more and self._seen < FIRST:
            part = await self._next_part()
            if part:
                self._first.append(part)

    def start(self, connection: UpstreamConnection) -> None:
        """Begin to carry the body, beside waiting for the answer: a register may answer early."""
        self._connection = connection
        self._progress.forwarded = "partly"
        for part in self._first:
            self._write(part)
        self._first.clear()
        if self._more:
            self._task = asyncio.create_task(self._carry())
        else:
            self._finish()

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
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if self._asked is not None:
            self._asked.cancel()

    async def _carry(self) -> None:
        connection = self._connection
        try:
            await self._until_taken_in()
            while self._more:
                connection.waits_for_client_since = asyncio.get_running_loop().time()
                part = await self._next_part()
                connection.waits_for_client_since = None
                if part:
                    self._write(part)
                    await self._until_taken_in()
            self._finish()
        except ConnectionClosed:
            pass  # what counts is why the register closed, or its early answer
        except (ClientGone, GatewayError) as problem:
            self._error = problem
            connection.abandon(problem)

    async def _next_part(self) -> bytes:
        asked, self._asked = self._asked, None
        try:
            async with asyncio.timeout(self._limits.receive):
                message = await (asked if asked is not None else self._request.receive())
        except TimeoutError as problem:
            raise RequestTimeout(f"no byte of the body for {self._limits.receive:g} s") from problem
        if message["type"] != "http.request":
            raise ClientGone
        part: bytes = message.get("body", b"")
        self._more = message.get("more_body", False)
        self._seen += len(part)
        length, limit = self._request.framing.content_length, self._limits.size
        if self._seen > limit:
            raise ContentTooLarge(f"more than {limit} bytes", limit=limit)
        if not self._more and length is not None and self._seen != length:
            raise BadRequest(f"{self._seen} of {length} bytes", code="body-short")
        return part

    def _write(self, part: bytes) -> None:
        chunked = self._request.framing.content_length is None
        self._connection.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        self.sent += len(part)

    def _finish(self) -> None:
        if not self.done and self._request.framing.content_length is None:
            self._connection.write(b"0\r\n\r\n")
        self.done = True
        self._progress.forwarded = "wholly"
        self._connection.request_sent()

    async def _until_taken_in(self) -> None:
        """Wait until the register takes in more; a client that leaves meanwhile is noticed."""
        connection = self._connection
        writable = connection.writable
        if writable is not None:
            if self._more and self._asked is None:
                self._asked = asyncio.ensure_future(self._request.receive())
            waiting = {writable} if self._asked is None else {writable, self._asked}
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._limits.write
            while not writable.done():
                done, waiting = await asyncio.wait(
                    waiting, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    seconds = self._limits.write
                    raise UpstreamTimeout(f"the register took in nothing of the body for {seconds:g} s")
                if self._asked in done and (await self._asked)["type"] != "http.request":
                    raise ClientGone
        if connection.closed:
            raise ConnectionClosed

    async def _wait_until_client_leaves(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._connection.abandon(ClientGone())
