"""The connections to one server: reuses clean ones, opens others up to a limit, shares them among clients."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final

from gateway.errors import Overloaded
from gateway.upstream.address import Address
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.dial import dial, tls_context
from gateway.upstream.idle import IdleConnections
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.server_health import ServerHealth
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party, Shares, default_share

# Seconds. While others wait, an exchange whose client neither sends nor takes in anything for this long gives way, the
# longest-waiting one first.
_STALLED: Final = 0.3
_LOOK_EVERY: Final = 0.1


class _Turn:
    """A request that waits for a connection. Once it has its turn it holds a share itself: `result` is an idle
    connection to take over, or None if there is room to open one.
    """

    __slots__ = ("fresh", "future", "party", "repeatable")

    def __init__(self, party: Party, repeatable: bool, fresh: bool) -> None:
        self.party = party
        self.repeatable = repeatable
        self.fresh = fresh
        self.future: asyncio.Future[UpstreamConnection | None] = asyncio.get_running_loop().create_future()


class ConnectionPool:
    """Connections to one server of an upstream, for one event loop; `health` says whether it takes requests.

    `host` is the Host header that it gets; None for the one that the client sent.

    Each connection is idle, or held by one exchange, or being opened; what is held is a member of `_shares`. A
    connection that was given back may belong to another exchange at once: an exchange releases it once.

    Of all connections the last quarter is for parties that hold none, and of these the last half for sessions.
    """

    def __init__(
        self, settings: UpstreamSettings, address: Address | None = None, health: ServerHealth | None = None
    ) -> None:
        self.address = address or settings.addresses[0]
        self.health = health or ServerHealth()
        self.websockets = 0
        """How many connections beside these carry WebSockets."""
        self.host: bytes | None = None
        if settings.host is not None:
            self.host = settings.host.encode("ascii")
        elif not settings.pass_host:
            self.host = self.address.authority
        self._settings = settings
        self._tls: ssl.SSLContext | None = None
        self._known = KnownResponses()
        self._idle = IdleConnections(settings.keep_alive)
        share = default_share(settings.max_connections)
        self._shares = Shares(
            per_client=settings.max_connections_per_client or share,
            per_session=settings.max_connections_per_session or share,
        )
        self._open_to_all = settings.max_connections - settings.max_connections // 4
        self._open_to_strangers = settings.max_connections - settings.max_connections // 8
        self._queue: deque[_Turn] = deque()
        self._relief: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Read the TLS files. No connection is opened before the first request."""
        if self.address.secure:
            self._tls = tls_context(self._settings.tls)

    async def aclose(self) -> None:
        """Close all idle connections and cancel the requests that wait for one."""
        if self._relief is not None:
            self._relief.cancel()
        self._idle.close()
        while self._queue:
            self._queue.popleft().future.cancel()

    @property
    def open_connections(self) -> int:
        """How many connections exist, idle ones and those that are being opened included."""
        return len(self._idle) + len(self._shares)

    @property
    def in_use(self) -> int:
        """How many connections are held or being opened."""
        return len(self._shares)

    @property
    def waiting(self) -> int:
        """How many requests wait for a connection."""
        return len(self._queue)

    def has_room(self, party: Party) -> bool:
        """Whether a request of this party would get a connection without waiting in line."""
        return (
            not self._queue
            and self._may_hold(party)
            and (len(self._idle) > 0 or len(self._shares) < self._settings.max_connections)
        )

    async def dial(self) -> UpstreamConnection:
        """A connection beside those of requests, not limited and not kept. Raises UpstreamUnreachable."""
        settings = self._settings
        connection = await dial(
            self.address, self._tls, settings.tls.server_name, settings.connect_timeout, self._known
        )
        connection.pool = self
        return connection

    def take_idle(self, party: Party, *, repeatable: bool) -> UpstreamConnection | None:
        """An idle connection at once, where there is one and nobody else waits; give it back with `release`."""
        if self._queue or self.health.out or not self._may_hold(party):
            return None  # to try a server that is out takes a new connection
        connection = self._idle.take(repeatable=repeatable)
        if connection is not None:
            self._shares.hold(connection, party)
        return connection

    async def acquire(self, party: Party, *, repeatable: bool) -> UpstreamConnection:
        """A connection for one exchange; give it back with `release`.

        Raises UpstreamUnreachable if none can be opened, Overloaded if none became free in time.
        """
        connection = self.take_idle(party, repeatable=repeatable)
        return connection if connection is not None else await self._in_turn(_Turn(party, repeatable, False))

    async def fresh(self, party: Party) -> UpstreamConnection:
        """A connection that has carried nothing yet, for a request that is sent again. Raises as `acquire` does."""
        return await self._in_turn(_Turn(party, False, True))

    def release(self, connection: UpstreamConnection) -> None:
        """Give a connection back; it is kept only if it is clean. Without effect if it is not held."""
        if not self._shares.let_go(connection):
            return
        if connection.reusable:
            self._idle.add(connection)
        else:
            self._idle.look_at(connection)
            connection.close()
        if self._queue:
            self._give_turns()

    async def _in_turn(self, turn: _Turn) -> UpstreamConnection:
        self._queue.append(turn)
        self._give_turns()
        try:
            if not turn.future.done():
                self._look_for_stalled_later()
                async with asyncio.timeout(self._settings.queue_timeout):
                    await turn.future
        except TimeoutError as problem:
            if not self._leave(turn):
                raise Overloaded("no connection to the register became free in time") from problem
        except BaseException:
            self._leave(turn, hand_on=True)
            raise
        connection = turn.future.result()
        if connection is not None and connection.closed:
            # By the register, since it was this request's turn.
            self._idle.look_at(connection)
            self._shares.let_go(connection)
            self._shares.hold(turn, turn.party)
            connection = None
        return connection if connection is not None else await self._open(turn)

    def _leave(self, turn: _Turn, *, hand_on: bool = False) -> bool:
        """Stop waiting; True if the turn had come already, which `hand_on` passes on."""
        if turn in self._queue:
            self._queue.remove(turn)
        if not turn.future.done() or turn.future.cancelled():
            return False
        if hand_on:
            connection = turn.future.result()
            if connection is not None:
                self._shares.let_go(connection)
                connection.close()
            self._shares.let_go(turn)
            self._give_turns()
        return True

    def _may_hold(self, party: Party) -> bool:
        """Whether one more of the connections, if there is one, is for this party."""
        shares, held = self._shares, len(self._shares)
        return shares.room(party) and (
            held < self._open_to_all
            or ((party.session is not None or held < self._open_to_strangers) and not shares.holds(party))
        )

    def _give_turns(self) -> None:
        """Serve those who wait in their order, except those who may hold no more."""
        waiting, self._queue = self._queue, deque()
        while waiting:
            turn = waiting.popleft()
            if turn.future.done():
                continue
            if not self._may_hold(turn.party):
                self._queue.append(turn)
            elif not self._serve(turn):
                self._queue.append(turn)
                break
        self._queue.extend(waiting)

    def _serve(self, turn: _Turn) -> bool:
        connection = None if turn.fresh or self.health.out else self._idle.take(repeatable=turn.repeatable)
        if connection is not None:
            self._shares.hold(connection, turn.party)
        elif self.open_connections < self._settings.max_connections or self._idle.drop_one():
            self._shares.hold(turn, turn.party)
        else:
            return False
        turn.future.set_result(connection)
        return True

    async def _open(self, turn: _Turn) -> UpstreamConnection:
        try:
            connection = await self.dial()
            self._shares.let_go(turn)
            self._shares.hold(connection, turn.party)
            return connection
        finally:
            if self._shares.let_go(turn):
                self._give_turns()

    # Under pressure

    def _look_for_stalled_later(self) -> None:
        if self._relief is None:
            self._relief = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._relieve)

    def _relieve(self) -> None:
        """Take connections from exchanges that wait for their client, where another request waits for one."""
        self._relief = None
        stalled = self._stalled() if self._queue else []
        for turn in tuple(self._queue):
            if not stalled:
                break
            if turn.future.done():
                continue
            full = not self._shares.room(turn.party)
            for connection in stalled:
                if not full or self._shares.same_party(connection, turn.party):
                    stalled.remove(connection)
                    connection.give_way()
                    self.release(connection)
                    break
        if self._queue:
            self._look_for_stalled_later()

    def _stalled(self) -> list[UpstreamConnection]:
        """The connections whose exchange waits for its client, the longest-waiting one first."""
        latest = asyncio.get_running_loop().time() - _STALLED
        found = [
            (holder.waits_for_client_since, number, holder)
            for number, holder in enumerate(self._shares.holders())
            if isinstance(holder, UpstreamConnection)
            and holder.waits_for_client_since is not None
            and holder.waits_for_client_since <= latest
        ]
        return [connection for _, _, connection in sorted(found)]
