"""One process that serves: what signals order it to do, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from uvicorn.config import STARTUP_FAILURE, Config

from gateway.cli.handover import LaunchContext, Successor
from gateway.edge.drain import Drain, DrainedServer
from gateway.edge.settings import DrainSettings

if TYPE_CHECKING:
    from gateway.app import Gateway

# What the supervisor orders its workers, which may get SIGTERM and SIGINT from others at the same time.
WAIT_NO_LONGER: Final = signal.SIGUSR1
HANDED_OVER: Final = signal.SIGUSR2
CUT: Final = signal.SIGQUIT
# The order to start a successor, to the first process.
RESTART: Final = signal.SIGUSR2
STOPS: Final = "this gateway stops, or has a successor already"
log = structlog.get_logger()


class GatewayServer(DrainedServer):
    """Serves until it is ordered to stop; `config` has the application, once it is loaded, and the settings of the end."""

    @cached_property
    def drain(self) -> Drain:
        """Its end, which can be ordered from the start of the application on."""
        return Drain(self.drain_settings, [self, *self.app.front_servers])

    @property
    def app(self) -> Gateway:
        """The application."""
        return cast("Gateway", self.config.app)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, which ends the process where the application does not start; here also where nothing can come."""
        try:
            await super().startup(sockets=sockets)
        except ValueError as problem:
            log.error("gateway not started", reason=str(problem))
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)

    @property
    def drain_settings(self) -> DrainSettings:
        """How it ends."""
        settings: DrainSettings = self.app.settings.drain
        return settings

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Carry out orders while the block runs; later ones have no effect."""
        loop = asyncio.get_running_loop()
        orders = self.orders()
        for number, order in orders.items():
            loop.add_signal_handler(number, order)
        try:
            yield
        finally:
            # SIGHUP has its order since the application was loaded.
            for number in (*orders, signal.SIGHUP):
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    def orders(self) -> Mapping[int, Callable[[], None]]:
        """What each signal orders."""
        raise NotImplementedError

    def retire(self) -> None:
        """Let the kernel take no new connections."""

    def stop(self) -> None:
        """Stop, as `drain` was ordered to. A process that does not serve yet has nothing to wait for."""
        self.app.drain()
        self.should_exit = True
        if not self.started:
            self.drain.wait_no_longer()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in the phases of `drain`, then close everything that the application has open."""
        await self.drain.run(retire=self.retire, end_streams=self.app.end_streams)
        await self.lifespan.shutdown()


class WorkerServer(GatewayServer):
    """One of several. Its supervisor says when each phase ends, and the worker itself only where it hears nothing."""

    # Seconds by which the supervisor may be late.
    _patience: Final = 2.0

    @property
    def drain_settings(self) -> DrainSettings:
        """How it ends, without a supervisor."""
        settings: DrainSettings = self.app.settings.drain
        return settings.model_copy(update={"wait": settings.wait + self._patience})

    def orders(self) -> Mapping[int, Callable[[], None]]:
        """Ctrl-C is for the supervisor, which orders what follows."""
        return {
            signal.SIGTERM: lambda: self._ordered(self.drain.begin),
            signal.SIGINT: lambda: None,
            WAIT_NO_LONGER: lambda: self._ordered(self.drain.wait_no_longer),
            CUT: lambda: self._ordered(self.drain.cut),
            HANDED_OVER: self._hand_over,
        }

    def _ordered(self, order: Callable[[], None]) -> None:
        order()
        self.stop()

    def _hand_over(self) -> None:
        self.app.hand_over()
        self._ordered(self.drain.hand_over)


class OnlyServer(GatewayServer):
    """The only process of a gateway. It starts its successor, and speaks to the service manager."""

    def __init__(self, config: Config, context: LaunchContext) -> None:
        super().__init__(config)
        self._context = context
        self._successor: Successor | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def orders(self) -> Mapping[int, Callable[[], None]]:
        """SIGTERM waits for balancers, Ctrl-C does not; each further one ends the phase that is under way."""
        return {
            signal.SIGTERM: lambda: self._asked(wait=True),
            signal.SIGINT: lambda: self._asked(wait=False),
            RESTART: self._restart,
        }

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then say that it serves, unless it was ordered to stop meanwhile."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._context.serves()
        every = self._context.notifier.alive_every
        if every is not None:
            self._run(self._say_alive(every))

    def retire(self) -> None:
        """Let the kernel take no new connections."""
        self._context.retire()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in phases."""
        await super().shutdown(sockets=sockets)
        if self._successor is not None:
            self._successor.kill()
        for task in self._tasks:
            task.cancel()

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say_alive(self, every: float) -> None:
        while True:
            self._context.notifier.alive()
            await asyncio.sleep(every)

    def _asked(self, *, wait: bool) -> None:
        drain = self.drain
        if drain.begun:
            drain.hurry()
            return
        if self._successor is not None:
            self._successor.stop()
        if not wait:
            drain.wait_no_longer()
        drain.begin()
        settings = self.drain_settings
        self._context.notifier.stopping("Stopping", settings.wait + settings.finish + 10)
        log.info("gateway stops", wait=settings.wait if wait else 0.0, finish=settings.finish)
        self.stop()

    def _restart(self) -> None:
        if self.drain.begun:
            self._context.answer(STOPS)
        elif self._successor is None:
            self._run(self._replace())

    async def _replace(self) -> None:
        self._context.notifier.reloading("Starting a successor")
        try:
            successor = self._successor = Successor(self._context)
        except OSError as problem:
            self._context.replaced(str(problem), None)
            return
        why = await asyncio.to_thread(successor.outcome, math.inf) or ""
        self._successor = None
        self._context.replaced(why, None if why else successor.pid)
        if not why and not self.drain.begun:
            self.app.hand_over()
            self.drain.hand_over()
            self.should_exit = True
