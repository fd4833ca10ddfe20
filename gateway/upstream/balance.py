"""Which server of an upstream takes the next request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gateway.upstream.connection import HomePool
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.shares import Party


class Balance:
    """Smooth weighted round robin over the servers that take requests; with `least`, the one with the fewest first.

    A server in its slow start weighs less. One whose connections are all taken is passed over while another has room.
    `load` gives what is counted for `least`.
    """

    def __init__(
        self, pools: Sequence[ConnectionPool], *, least: bool, load: Callable[[ConnectionPool], int]
    ) -> None:
        self._least = least
        self._load = load
        self._credit = dict.fromkeys(pools, 0.0)

    def choose(self, party: Party, avoid: Collection[HomePool] = ()) -> ConnectionPool | None:
        """The server whose turn it is, without counting it; None where none takes requests."""
        takers = self._takers(avoid)
        roomy = [pool for pool in takers if pool.has_room(party)] or takers
        return min(roomy, key=self._rank, default=None)

    def used(self, chosen: ConnectionPool, avoid: Collection[HomePool] = ()) -> None:
        """A request goes to this server: the next one is another's."""
        total = 0.0
        for pool in self._takers(avoid):
            share = pool.health.share()
            self._credit[pool] += share
            total += share
        self._credit[chosen] -= total
        chosen.health.taken()

    def _takers(self, avoid: Collection[HomePool]) -> list[ConnectionPool]:
        return [pool for pool in self._credit if pool not in avoid and pool.health.admits()]

    def _rank(self, pool: ConnectionPool) -> tuple[float, float]:
        share = pool.health.share()
        busy = (self._load(pool) + 1) / share if self._least else 0.0
        return busy, -(self._credit[pool] + share)
