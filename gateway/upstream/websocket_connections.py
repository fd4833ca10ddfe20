"""The connections to the register that carry WebSockets: counted apart, so that they take none from requests."""

from __future__ import annotations

import resource
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from gateway.errors import Overloaded
from gateway.upstream.connection import HomePool, UpstreamConnection
from gateway.upstream.settings import WebSocketSettings
from gateway.upstream.shares import Party, Shares, default_share

# A WebSocket takes two of the files that this process may open: of all files at most this part is for WebSockets.
_PART_OF_FILES: Final = 3


class WebSocketConnections:
    """Opens each by `connect`, which gets the servers to avoid."""

    def __init__(
        self,
        settings: WebSocketSettings,
        connect: Callable[[Collection[HomePool]], Awaitable[UpstreamConnection]],
        *,
        changed: Callable[[int], None] = lambda _open: None,
    ) -> None:
        """`changed` gets the number of open ones each time that it changes."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.most = settings.max
        """As many as there may be at once: fewer than was asked for where the open-file limit is low."""
        if files != resource.RLIM_INFINITY:
            self.most = min(settings.max, max(1, files // _PART_OF_FILES))
        self._connect = connect
        self._changed = changed
        self._shares = Shares(
            per_client=settings.max_per_client or default_share(settings.max),
            per_session=settings.max_per_session,
        )

    def __len__(self) -> int:
        return len(self._shares)

    async def acquire(self, party: Party, avoid: Collection[HomePool] = ()) -> UpstreamConnection:
        """A new connection; give it back with `release`. Raises Overloaded where there is no room, UpstreamUnreachable."""
        if len(self._shares) >= self.most or not self._shares.room(party):
            raise Overloaded("no room for another WebSocket")
        place = object()
        self._shares.hold(place, party)
        try:
            connection = await self._connect(avoid)
        finally:
            self._shares.let_go(place)
        self._shares.hold(connection, party)
        connection.pool.websockets += 1
        self._changed(len(self._shares))
        return connection

    def release(self, connection: UpstreamConnection) -> None:
        """Close a connection, if it is still open. Without effect if it is not held."""
        if self._shares.let_go(connection):
            connection.pool.websockets -= 1
            connection.close()
            self._changed(len(self._shares))
