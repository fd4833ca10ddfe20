"""Counts the open client connections, in total and per client, and makes room for new ones."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import inf
from typing import Protocol

from gateway.client_limits import ClientLimits, client_of
from gateway.edge.client import Network, parse_address

# How many connections are looked at to find an idle one: the cost of a new connection stays the same under attack.
_LOOK_AT = 64
# Descriptors that are left for the register, the stores and the log.
_OTHER_FILES = 512
# Addresses whose client is known without another look.
_REMEMBERED = 4_096


class Connection(Protocol):
    """What is counted."""

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""

    def give_way(self) -> None:
        """Close at once, in favour of another connection."""


class Connections:
    """The open connections of one process. An IPv6 client is its /64 (RFC 6177: a site has at least one).

    A client may open as many at once as there may be in all, and then `new_per_client` in each second. `steady` is a clock
    in seconds that never goes back.
    """

    def __init__(
        self,
        most: int,
        most_per_client: int,
        new_per_client: int,
        *,
        trusted: Sequence[Network],
        count: Callable[[str], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most_files: float = inf
        if files != resource.RLIM_INFINITY:
            self._most_files = max(1, files - min(_OTHER_FILES, files // 2))
        self.most = int(min(most, self._most_files))
        """As many as there may be at once: fewer than was asked for where the open-file limit is low."""
        self._most_per_client = most_per_client
        burst = max(most, new_per_client)
        self._new = ClientLimits(burst, 1 / new_per_client, steady=steady, most_clients=_REMEMBERED)
        self._client_of_peer = lru_cache(_REMEMBERED)(partial(_client_of_peer, tuple(trusted)))
        self._count = count
        self._all: dict[Connection, str | None] = {}
        self._by_client: dict[str, dict[Connection, None]] = {}
        self._two_files: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, connection: Connection, peer: str | None) -> str | None:
        """Count a new connection; returns why it is refused, where it is. `peer` is None for a local socket."""
        client = self._client_of_peer(peer) if peer is not None else None
        if client is not None:
            if self._new.take(client):
                return "connections-too-fast"
            same = self._by_client.get(client)
            if same is not None and len(same) >= self._most_per_client and not self._make_room(same):
                return "connections-of-client"
        if (
            len(self._all) >= self.most or len(self._all) + len(self._two_files) >= self._most_files
        ) and not self._make_room(self._all):
            return "connections"
        self._all[connection] = client
        if client is not None:
            self._by_client.setdefault(client, {})[connection] = None
        return None

    def counted_for(self, connection: Connection) -> str | None:
        """The client that an open connection counts for; None for a trusted proxy's, and for one that is not counted."""
        return self._all.get(connection)

    def hold_another_file(self, connection: Connection) -> None:
        """From now on this connection needs a second open file, for one to the register that lasts as long as it does."""
        if connection in self._all:
            self._two_files.add(connection)

    def remove(self, connection: Connection) -> None:
        """Stop counting a connection. Does nothing for one that is not counted."""
        self._two_files.discard(connection)
        client = self._all.pop(connection, None)
        if client is None:
            return
        same = self._by_client[client]
        same.pop(connection, None)
        if not same:
            del self._by_client[client]

    def _make_room(self, among: dict[Connection, None] | dict[Connection, str | None]) -> bool:
        """Close the oldest connection that is idle. Those at work move to the end, so that all get looked at."""
        for _ in range(min(_LOOK_AT, len(among))):
            connection = next(iter(among))
            if connection.idle:
                self.remove(connection)
                connection.give_way()
                self._count("idle-for-room")
                return True
            among[connection] = among.pop(connection)  # type: ignore[assignment]
        return False


def _client_of_peer(trusted: Sequence[Network], peer: str) -> str | None:
    """The client that a connection from `peer` counts for; None for a trusted proxy, which serves many."""
    address = parse_address(peer)
    if address is None:
        return peer
    if any(address in network for network in trusted if network.version == address.version):
        return None
    return client_of(str(address))
