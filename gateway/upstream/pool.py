"""The connections to one register: reuses clean ones, opens others up to a limit, closes idle ones."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from gateway.errors import Overloaded, UpstreamUnreachable
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.settings import UpstreamSettings, host_and_port

# Seconds. A connection that was idle for longer may just be being closed, so it carries only what can be repeated.
_FRESH = 0.5


def tls_context(settings: UpstreamSettings) -> ssl.SSLContext | None:
    """The TLS settings for an https register; None for http. Raises OSError if a file cannot be read."""
    _, _, secure = host_and_port(settings)
    if not secure:
        return None
    tls = settings.tls
    context = ssl.create_default_context(cafile=str(tls.ca) if tls.ca else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        key = tls.key.path if tls.key is not None else None
        context.load_cert_chain(str(tls.certificate), str(key) if key else None)
    return context


class ConnectionPool:
    """Connections to one register, for one event loop."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._host, self._port, _ = host_and_port(settings)
        self._tls: ssl.SSLContext | None = None
        self._idle: deque[UpstreamConnection] = deque()
        self._open = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._now: Callable[[], float] = lambda: 0.0

    async def start(self) -> None:
        """Read the TLS files. No connection is opened before the first request."""
        self._tls = tls_context(self._settings)
        self._now = asyncio.get_running_loop().time

    async def aclose(self) -> None:
        """Close all idle connections and cancel the requests that wait for one."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._idle:
            self._idle.pop().close()
            self._open -= 1
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.cancel()

    @property
    def open_connections(self) -> int:
        """How many connections exist, idle ones included."""
        return self._open

    async def acquire(self, *, repeatable: bool) -> UpstreamConnection:
        """A connection for one exchange; give it back with `release`.

        Raises UpstreamUnreachable if none can be opened, Overloaded if none became free in time.
        """
        while True:
            connection = self._take_idle(repeatable)
            if connection is not None:
                return connection
            if self._open < self._settings.max_connections:
                return await self._connect()
            await self._wait_in_queue()

    async def fresh(self) -> UpstreamConnection:
        """A connection that has carried nothing yet, for the one retry of a request. Raises as `acquire` does."""
        while self._open >= self._settings.max_connections:
            if self._idle:
                self._idle.popleft().close()
                self._open -= 1
            else:
                await self._wait_in_queue()
        return await self._connect()

    def release(self, connection: UpstreamConnection) -> None:
        """Give a connection back; it is kept only if it is clean."""
        if connection.reusable:
            connection.rest(self._now())
            self._idle.append(connection)
            if self._sweeper is None:
                self._sweep_later()
        else:
            connection.close()
            self._open -= 1
        self._wake_next()

    def _take_idle(self, repeatable: bool) -> UpstreamConnection | None:
        limit = self._settings.keep_alive if repeatable else min(_FRESH, self._settings.keep_alive)
        oldest = self._now() - limit
        while self._idle:
            connection = self._idle[-1]
            if connection.closed:
                self._idle.pop()
                self._open -= 1
                continue
            if connection.idle_since < oldest:
                break
            return self._idle.pop()
        if self._idle and self._open >= self._settings.max_connections:
            self._idle.popleft().close()
            self._open -= 1
        return None

    async def _connect(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        self._open += 1
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(loop),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls is not None else None,
                )
        except (OSError, TimeoutError, ssl.SSLError) as problem:
            self._open -= 1
            self._wake_next()
            raise UpstreamUnreachable(f"{self._host}:{self._port}: {problem or 'timed out'}") from problem
        except BaseException:
            self._open -= 1
            self._wake_next()
            raise
        return connection

    async def _wait_in_queue(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            async with asyncio.timeout(self._settings.queue_timeout):
                await waiter
        except TimeoutError as problem:
            raise Overloaded("no connection to the register became free in time") from problem
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._wake_next()  # our turn came, but we are leaving: pass it on
            raise
        finally:
            if waiter in self._queue:
                self._queue.remove(waiter)

    def _wake_next(self) -> None:
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(self._settings.keep_alive, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = self._now() - self._settings.keep_alive
        while self._idle and (self._idle[0].closed or self._idle[0].idle_since < oldest):
            self._idle.popleft().close()
            self._open -= 1
        if self._idle:
            self._sweep_later()
