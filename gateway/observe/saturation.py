"""How full the gateway is: connections, and the lines in which requests, records and rechecks wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from gateway.observe.registry import Registry

_SUM = "livesum"


class PoolUse(NamedTuple):
    """Connections to one upstream, of all its servers together; `waiting` are requests that have none yet."""

    in_use: int
    idle: int
    waiting: int
    limit: int


class ListenerUse(NamedTuple):
    """Connections of clients; `waiting` are requests that have arrived and not begun."""

    open: int
    limit: int
    waiting: int


class UsageSource(Protocol):
    """Where the numbers come from; asked several times in a second."""

    def upstream_use(self) -> Mapping[str, PoolUse]:
        """By the name of the upstream."""

    def listener_use(self) -> Mapping[str, ListenerUse]:
        """By the name of the listener: public, or that of a front."""

    def records_waiting(self) -> int:
        """Decision records that are not written yet."""

    def rechecks_running(self) -> int:
        """Sessions about which the provider is being asked."""


class Saturation:
    """Reads the source when it is asked to; with several workers the numbers are sums."""

    def __init__(self, registry: Registry) -> None:
        def of_upstream(name: str, words: str) -> Callable[[str, int], None]:
            family = registry.gauges(name, words, "upstream", mode=_SUM)
            return lambda upstream, number: family[(upstream,)].set(number)

        def of_listener(name: str, words: str) -> Callable[[str, int], None]:
            family = registry.gauges(name, words, "listener", mode=_SUM)
            return lambda listener, number: family[(listener,)].set(number)

        self._pool = (
            of_upstream("upstream_connections_in_use", "Connections to the register that carry a request"),
            of_upstream("upstream_connections_idle", "Connections to the register that are kept open"),
            of_upstream("upstream_requests_waiting", "Requests that wait for a connection to the register"),
            of_upstream("upstream_connections_limit", "Most connections to the register at once"),
        )
        self._listener = (
            of_listener("connections_open", "Connections of clients that are open"),
            of_listener("connections_limit", "Most connections of clients at once"),
            of_listener("requests_waiting", "Requests that have arrived and wait for their turn"),
        )
        self._records = registry.gauge("records_waiting", "Decision records that are not written", mode=_SUM)
        self._rechecks = registry.gauge(
            "rechecks_running", "Sessions about which the provider is being asked again", mode=_SUM
        )
        self.source: UsageSource | None = None

    def hand_over(self) -> None:
        """Bring the registry up to date."""
        source = self.source
        if source is None:
            return
        for upstream, use in source.upstream_use().items():
            for show, number in zip(self._pool, use, strict=True):
                show(upstream, number)
        for listener, of_clients in source.listener_use().items():
            for show, number in zip(self._listener, of_clients, strict=True):
                show(listener, number)
        self._records.set(source.records_waiting())
        self._rechecks.set(source.rechecks_running())
