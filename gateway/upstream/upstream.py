"""One upstream: an application behind the gateway, on one server or several."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack

from gateway.errors import UpstreamOut, UpstreamUnreachable
from gateway.events import OnEvent, ServerReturned, ignore
from gateway.handling import DEFAULT_UPSTREAM
from gateway.upstream.balance import Balance
from gateway.upstream.connection import HomePool, UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.probes import Probes
from gateway.upstream.server_health import ServerHealth
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party

_NOBODY = Party("")


class Upstream:
    """Gives connections to the servers of one upstream; every connection goes back to its own `pool`.

    `public_host` is the host that probes ask for where the upstream sees that of clients.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        *,
        name: str = DEFAULT_UPSTREAM,
        public_host: str = "",
        steady: Callable[[], float] = time.monotonic,
        on_event: OnEvent = ignore,
    ) -> None:
        self.name = name
        self.settings = settings
        self._on_event = on_event
        self.pools = tuple(
            ConnectionPool(
                settings,
                address,
                ServerHealth(settings, upstream=name, server=address.url, steady=steady, on_event=on_event),
            )
            for address in settings.addresses
        )
        least = settings.balance == "least_connections"
        self._balance = Balance(self.pools, least=least, load=lambda pool: pool.in_use)
        self._socket_balance = Balance(self.pools, least=least, load=lambda pool: pool.websockets)
        self._probes: Probes | None = None
        if settings.probe is not None:
            self._probes = Probes(settings.probe, self.pools, public_host.encode("ascii"), on_event=on_event)
        # Nothing to choose, and nothing that could put it out.
        self._only = self.pools[0] if len(self.pools) == 1 and self.pools[0].health.steadfast else None
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Read the TLS files and begin to probe. Raises ValueError, with a message for operators."""
        try:
            for pool in self.pools:
                await pool.start()
                self._stack.push_async_callback(pool.aclose)
        except (OSError, ssl.SSLError) as problem:
            raise ValueError(f"upstream {self.name!r}: tls: {problem}") from problem
        for pool in self.pools:
            self._on_event(ServerReturned(self.name, pool.address.url))
        if self._probes is not None:
            self._stack.push_async_callback(self._probes.aclose)
            await self._probes.start()

    async def aclose(self) -> None:
        """Close all idle connections and cancel the requests that wait for one."""
        await self._stack.aclose()

    @property
    def open_connections(self) -> int:
        """How many connections exist, idle ones and those that are being opened included."""
        return sum(pool.open_connections for pool in self.pools)

    def take_idle(self, party: Party, *, repeatable: bool) -> UpstreamConnection | None:
        """An idle connection at once, where there is one and nobody else waits."""
        if self._only is not None:
            return self._only.take_idle(party, repeatable=repeatable)
        pool = self._balance.choose(party)
        connection = pool.take_idle(party, repeatable=repeatable) if pool is not None else None
        if pool is not None and connection is not None:
            self._balance.used(pool)
        return connection

    async def acquire(
        self, party: Party, *, repeatable: bool, avoid: Collection[HomePool] = ()
    ) -> UpstreamConnection:
        """A connection for one exchange, from the first server that can be reached.

        Raises UpstreamUnreachable if none can be, UpstreamOut if none takes requests, and Overloaded if no connection
        became free in time.
        """
        return await self._somewhere(party, lambda pool: pool.acquire(party, repeatable=repeatable), avoid)

    async def connect(self, party: Party, *, avoid: Collection[HomePool] = ()) -> UpstreamConnection:
        """A connection that has carried nothing yet. It counts as one of the party's; raises as `acquire` does."""
        return await self._somewhere(party, lambda pool: pool.fresh(party), avoid)

    async def dial(self, avoid: Collection[HomePool] = ()) -> UpstreamConnection:
        """A connection for a WebSocket: not limited here, and not kept. The caller closes it. Raises as `connect` does."""
        return await self._somewhere(_NOBODY, lambda pool: pool.dial(), avoid, self._socket_balance)

    def elsewhere(self, party: Party, avoid: Collection[HomePool]) -> bool:
        """Whether a server other than these takes requests."""
        return self._balance.choose(party, avoid) is not None

    async def _somewhere(
        self,
        party: Party,
        ask: Callable[[ConnectionPool], Awaitable[UpstreamConnection]],
        avoid: Collection[HomePool],
        balance: Balance | None = None,
    ) -> UpstreamConnection:
        balance = balance or self._balance
        tried: set[HomePool] = set(avoid)
        while True:
            pool = self._only or balance.choose(party, tried)
            if pool is None:
                soonest = min(each.health.retry_in() for each in self.pools)
                raise UpstreamOut(f"no server of upstream {self.name!r} takes requests", soonest)
            if self._only is None:
                balance.used(pool, tried)
            try:
                return await ask(pool)
            except UpstreamUnreachable as problem:
                pool.health.failed(problem.code)
                tried.add(pool)
                if self._only is not None or not self.elsewhere(party, tried):
                    raise
