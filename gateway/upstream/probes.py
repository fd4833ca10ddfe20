"""Asks the servers of an upstream from time to time whether they work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from gateway.errors import GatewayError
from gateway.upstream.connection import ConnectionClosed
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import ProbeSettings


class Probes:
    """Sends `settings.path` to each server every `interval`; `host` is the Host for those that get that of clients."""

    def __init__(self, settings: ProbeSettings, pools: Sequence[ConnectionPool], host: bytes) -> None:
        self._settings = settings
        self._pools = pools
        self._host = host
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; the first probes are sent at once."""
        self._tasks = [asyncio.create_task(self._watch(pool)) for pool in self._pools]

    async def aclose(self) -> None:
        """Stop."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self, pool: ConnectionPool) -> None:
        while True:
            pool.health.probed(await self.fault(pool))
            await asyncio.sleep(self._settings.interval)

    async def fault(self, pool: ConnectionPool) -> str | None:
        """What is wrong with a server, in words for operators; None if nothing is."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.timeout):
                status = await self._status(pool)
        except TimeoutError:
            return f"no answer to {settings.path} within {settings.timeout:g} s"
        except (GatewayError, ConnectionClosed) as problem:
            return f"{settings.path}: {getattr(problem, 'detail', '') or 'the connection was closed'}"
        fine = 200 <= status <= 299 if settings.statuses is None else status in settings.statuses
        return None if fine else f"{settings.path} is answered with {status}"

    async def _status(self, pool: ConnectionPool) -> int:
        connection = await pool.dial()
        try:
            connection.start("GET")
            path = self._settings.path.encode("ascii")
            connection.write(
                b"GET %b HTTP/1.1\r\nhost: %b\r\nuser-agent: toegangspoort-probe\r\nconnection: close\r\n\r\n"
                % (path, pool.host or self._host)
            )
            connection.request_sent()
            while not connection.settled:
                await connection.wait(self._settings.timeout)
            connection.raise_for_error()
            return connection.answer.status
        finally:
            connection.close()
            connection.forget()
