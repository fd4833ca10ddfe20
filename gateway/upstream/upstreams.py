"""All upstreams of one environment, by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from gateway.events import OnEvent, ignore
from gateway.handling import DEFAULT_UPSTREAM
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstream import Upstream


class Upstreams:
    """Opens and closes them together; `default` is the one that rules use without naming it."""

    def __init__(
        self,
        settings: Mapping[str, UpstreamSettings],
        *,
        public_host: str = "",
        steady: Callable[[], float] = time.monotonic,
        on_event: OnEvent = ignore,
    ) -> None:
        self.by_name: Mapping[str, Upstream] = {
            name: Upstream(each, name=name, public_host=public_host, steady=steady, on_event=on_event)
            for name, each in settings.items()
        }
        self.default = self.by_name[DEFAULT_UPSTREAM]
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises ValueError, with a message for operators."""
        for upstream in self.by_name.values():
            self._stack.push_async_callback(upstream.aclose)
            await upstream.start()

    async def aclose(self) -> None:
        """Also after a start that failed."""
        await self._stack.aclose()

    @property
    def open_connections(self) -> int:
        """How many connections to all of them exist, idle ones included."""
        return sum(each.open_connections for each in self.by_name.values())

    @property
    def trouble(self) -> str:
        """The servers that take no requests, and why, in words for operators; empty where all do."""
        return "; ".join(
            f"{name}: {pool.address.url} is out: {pool.health.why}"
            for name, upstream in self.by_name.items()
            for pool in upstream.pools
            if pool.health.out
        )
