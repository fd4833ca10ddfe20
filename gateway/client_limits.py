"""What one client may do in a while: a token bucket for each network address."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from cachetools import LRUCache

_MOST_CLIENTS = 65_536
_PREFIX = 64


@lru_cache(maxsize=4096)
def client_of(address: str) -> str:
    """Whom an address belongs to: for IPv6 its network of 64 bits, which one client has as a rule (RFC 6177)."""
    if ":" not in address:
        return address
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), _PREFIX), strict=False))
    return address


class ClientLimits:
    """Each client may do `burst` things at once, and one more after every `every` seconds.

    `steady` is a clock in seconds that never goes back. The clients that were seen last are remembered.
    """

    def __init__(
        self, burst: int, every: float, *, steady: Callable[[], float], most_clients: int = _MOST_CLIENTS
    ) -> None:
        self._every = every
        self._full = burst * every
        self._steady = steady
        # When the bucket of a client is full again (the virtual schedule of ITU-T I.371, GCRA).
        self._full_at: LRUCache[str, float] = LRUCache(most_clients)

    def take(self, address: str) -> float:
        """Count one thing that this client wants to do: 0.0, or after how many seconds there is room for it."""
        client, now = client_of(address), self._steady()
        full_at = max(self._full_at.get(client, now), now) + self._every
        wait = full_at - self._full - now
        # What rounding leaves over does not count as a wait.
        if wait > self._every * 1e-6:
            return wait
        self._full_at[client] = full_at
        return 0.0

    def give_back(self, address: str) -> None:
        """Do not count one thing after all."""
        client = client_of(address)
        full_at = self._full_at.get(client)
        if full_at is not None:
            self._full_at[client] = full_at - self._every
