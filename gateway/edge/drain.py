"""Ends the listeners of one process without losing a request: in phases, of which each can be cut short."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import uvicorn

from gateway.edge.settings import DrainSettings

# Seconds in which connections that the kernel has accepted still reach us, after it accepts no others.
_LAST_CONNECTIONS: Final = 0.1
# Seconds that a connection has for its first request, once there are no new ones.
_FIRST_REQUEST: Final = 0.5
# Seconds in which exchanges that are cut write their records.
_RECORDED: Final = 2.0
_LOOK: Final = 0.02


class DrainedServer(uvicorn.Server):
    """A uvicorn server whose listener can end before its connections do. Without signals, which belong to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._sockets: Sequence[socket.socket] = ()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's. Raises ValueError where somebody else has begun to listen there since the sockets were bound."""
        self._sockets = tuple(sockets or ())
        where = ", ".join(dict.fromkeys(map(_address, self._sockets)))
        try:
            await super().startup(sockets=sockets)
            for each in self._sockets:
                # uvloop closes a socket of which listen(2) failed, and says nothing. Else another one changes nothing.
                each.listen(self.config.backlog)
        except OSError as problem:
            words = (
                f"cannot listen on {where}: another process began to a moment ago; is it a second gateway?"
            )
            raise ValueError(words) from problem
        self.listening.set()

    def stop_listening(self) -> None:
        """Take no new connections."""
        for server in self.servers:
            server.close()
        for each in self._sockets:
            each.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Drain:
    """The end of these servers, which all serve by the protocol of `gateway.edge.protocol`.

    `begin`, `wait_no_longer`, `hand_over` and `cut` are orders, at any moment; each also includes `begin`. `run` carries them
    out: serve on for `settings.wait`, close the listeners, then the idle connections, and let requests under way end in
    `settings.finish`.
    """

    def __init__(self, settings: DrainSettings, servers: Sequence[DrainedServer]) -> None:
        self._settings = settings
        self._servers = servers
        self._waited = asyncio.Event()
        self._cut = asyncio.Event()
        self._listening = True
        self.begun = False
        self.handed_over = False

    def begin(self) -> None:
        """From now on each answer is the last one of its connection."""
        if self.begun:
            return
        self.begun = True
        for server in self._servers:
            protocol: Any = server.config.http
            protocol.listener.draining = True
            for connection in list(server.server_state.connections):
                connection.drain()  # type: ignore[union-attr]

    def wait_no_longer(self) -> None:
        """Balancers have had enough time."""
        self.begin()
        self._waited.set()

    def hand_over(self) -> None:
        """Another process serves at the same sockets."""
        self.handed_over = True
        self.begin()

    def cut(self) -> None:
        """End what is under way."""
        self.wait_no_longer()
        self._cut.set()

    def hurry(self) -> None:
        """End the phase that is under way."""
        if self._waited.is_set():
            self._cut.set()
        self.wait_no_longer()

    async def run(self, *, retire: Callable[[], None], end_streams: Callable[[], None]) -> None:
        """Until nothing is under way any more.

        `retire` is called before listeners close, unless they were handed over: from then on the kernel must take no
        new connections. `end_streams` ends what never ends by itself.
        """
        self.begin()
        if self.handed_over:
            self._stop_listening()
        await self._until(self._waited, self._settings.wait)
        self._waited.set()
        if not self.handed_over:
            retire()
            await asyncio.sleep(_LAST_CONNECTIONS)
            self._stop_listening()
        await self._until(self._cut, _FIRST_REQUEST)
        for server in self._servers:
            for connection in list(server.server_state.connections):
                connection.shutdown()
        end_streams()
        await self._until(self._cut, self._settings.finish)
        await self._cut_rest()

    def _stop_listening(self) -> None:
        self._listening = False
        for server in self._servers:
            server.stop_listening()

    @property
    def _under_way(self) -> bool:
        return any(each.server_state.connections or each.server_state.tasks for each in self._servers)

    async def _until(self, order: asyncio.Event, seconds: float) -> None:
        """Until this order comes or this many seconds have passed; once nothing new can come, also until nothing is left."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not order.is_set() and (left := end - loop.time()) > 0:
            if not self._listening and not self._under_way:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(order.wait(), min(left, _LOOK))

    async def _cut_rest(self) -> None:
        tasks = [task for each in self._servers for task in each.server_state.tasks]
        for task in tasks:
            task.cancel("the gateway stops")
        if tasks:
            await asyncio.wait(tasks, timeout=_RECORDED)


def _address(sock: socket.socket) -> str:
    name = sock.getsockname()
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
