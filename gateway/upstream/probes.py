"""Asks the servers of an upstream from time to time whether they work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from gateway.background import Loop
from gateway.errors import GatewayError
from gateway.events import OnEvent, ignore
from gateway.upstream.connection import ConnectionClosed
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import ProbeSettings


class Probes:
    """Sends `settings.path` to each server every `interval`; `host` is the Host for those that get that of clients."""

    def __init__(
        self,
        settings: ProbeSettings,
        pools: Sequence[ConnectionPool],
        host: bytes,
        *,
        on_event: OnEvent = ignore,
    ) -> None:
        self._settings = settings
        self._host = host
        self._loops = [
            Loop(
                f"probe {pool.address.url}",
                partial(self._probe, pool),
                pause=settings.interval,
                on_event=on_event,
            )
            for pool in pools
        ]

    async def start(self) -> None:
        """Begin; the first probes are sent at once."""
        for loop in self._loops:
            loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop."""
        for loop in self._loops:
            await loop.aclose()

    async def _probe(self, pool: ConnectionPool, _asked: bool) -> None:
        pool.health.probed(await self.fault(pool))

    async def fault(self, pool: ConnectionPool) -> str | None:
        """What is wrong with a server, in words for operators; None if nothing is."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.timeout):
                status = await self._status(pool)
        except TimeoutError:
            return f"no answer to {settings.path} within {settings.timeout:g} s"
        except (GatewayError, ConnectionClosed) as problem:
            why = getattr(problem, "detail", "") or str(problem) or "the connection was closed"
            return f"{settings.path}: {why}"
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
            return connection.response.status
        finally:
            connection.close()
            connection.forget()
