"""The gateway of one environment as an ASGI application: what opens, in which order."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import structlog

from gateway import __version__
from gateway.assembly.areas import areas
from gateway.assembly.checks import VITAL, checks
from gateway.assembly.decisions import decisions
from gateway.assembly.doors import doors
from gateway.assembly.environment import Environment
from gateway.assembly.keys import keys
from gateway.assembly.measures import Use, watched
from gateway.assembly.stages import stages
from gateway.config import Config
from gateway.config.model import EnvironmentSettings
from gateway.edge.drain import DrainedServer
from gateway.edge.listener import Listener
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import REFUSED, Refusals
from gateway.edge.second_listener import second_listener
from gateway.errors import StoreUnavailable
from gateway.event_bus import Events
from gateway.observe.health import Health
from gateway.observe.logs import configure_logs
from gateway.observe.readiness import Readiness
from gateway.pages.error_response import ErrorResponses
from gateway.pages.wire import WirePages
from gateway.pipeline.forward import is_endless_stream
from gateway.pipeline.prompt import ClientCycle
from gateway.responses import Application, Receive, Scope, Send

log = structlog.get_logger()


class Part(Protocol):
    """Something that opens when the gateway starts and closes when it stops."""

    async def start(self) -> None:
        """Raises ValueError or StoreUnavailable, with a message for operators."""

    async def aclose(self) -> None:
        """Also called after a start that failed."""


class Gateway:
    """Serves one environment. The ASGI lifespan opens everything and closes it again, also after a failed start.

    `clock` gives seconds since the epoch, `steady` seconds that never go back. Whoever opens the sockets keeps the public one.
    """

    def __init__(
        self,
        config: Config,
        environment: str,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        observe_socket: socket.socket | None = None,
        front_sockets: Mapping[str, socket.socket] | None = None,
        authzen_socket: socket.socket | None = None,
    ) -> None:
        self.environment = made = Environment.of(config, environment, clock=clock, steady=steady)
        self.areas = areas(made)
        self.stages = stages(made, self.areas)
        self._subscribe()
        self.doors = doors(made, self.areas, self.stages.pipeline)
        self.decisions = decisions(made, self.areas, self.stages)
        self.keys = keys(made, self.areas, self.decisions)
        self.front_servers: list[DrainedServer] = []
        """The servers for fronts and for programs that ask for decisions, while everything is open."""
        self.addresses = {"listen": made.settings.listen, "observe": made.settings.observe.listen}
        """Where people and operators come in; whoever opens others instead says so."""
        self.listeners: dict[str, Listener] = {}
        """The listeners that serve this gateway, by name; whoever opens one adds it."""
        metrics = self.areas.observers.metrics
        metrics.saturation.source = Use(self.areas, self.listeners)
        metrics.expiry.watched = watched(made)
        self._observe_socket = observe_socket
        self._front_sockets = dict(front_sockets or {})
        self._authzen_socket = authzen_socket
        self._observing: DrainedServer | None = None
        self._draining = False

    def _subscribe(self) -> None:
        observers, rules = self.areas.observers, self.areas.rules
        listeners = (
            observers.metrics,
            self.stages.streams,
            observers.records,
            rules.keeper,
            observers.failing,
        )
        for listener in listeners:
            self.events.subscribe(listener)
        if observers.tracing is not None:
            self.events.subscribe(observers.tracing.calls)

    @property
    def settings(self) -> EnvironmentSettings:
        """The settings of the environment."""
        return self.environment.settings

    @property
    def events(self) -> Events:
        """Where everything that happens is published."""
        return self.environment.events

    @property
    def answers(self) -> ErrorResponses:
        """What refused people and programs get."""
        return self.stages.answers

    @property
    def prompt(self) -> Callable[[Scope, ClientCycle], bool]:
        """Takes up a request that needs no waiting: see `pipeline/prompt.py`."""
        return self.doors.prompt

    def reload_soon(self) -> None:
        """Read the rules again."""
        self.areas.rules.reload.soon()

    def drain(self) -> None:
        """Answer "not ready" from now on: the process is about to stop."""
        self._draining = True

    def hand_over(self) -> None:
        """Leave health and metrics to another process, which has the same socket."""
        if self._observing is not None:
            self._observing.should_exit = True

    def end_streams(self) -> None:
        """End event streams in order: their clients connect again, elsewhere."""
        self.stages.streams.end_in_order(is_endless_stream)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: HTTP goes through the pipeline."""
        if scope["type"] == "http":
            if REFUSED in scope:
                return  # by the listener, before anybody else looked at it
            self.areas.observers.metrics.started()
            await self.doors.handle(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await _refuse_websocket(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
            except (OSError, ValueError, StoreUnavailable) as problem:
                words = getattr(problem, "detail", None) or str(problem)
                log.error("gateway not started", reason=words)
                await send({"type": "lifespan.startup.failed", "message": words})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything is open while the block runs. Raises ValueError or StoreUnavailable with words for an operator."""
        observe = self.settings.observe
        configure_logs(level=observe.log_level, form=observe.log_format)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.areas.rules.facts.aclose)
            for part in self._parts():
                await stack.enter_async_context(_opened(part))
            # Closed before the parts above: a recheck under way still needs them.
            stack.push_async_callback(self.areas.people.rechecks.aclose)
            found = checks(self.areas, self.keys, draining=lambda: self._draining)
            readiness = Readiness(found, vital=VITAL, on_event=self.events)
            await stack.enter_async_context(_opened(readiness))
            if self._observe_socket is not None:
                health = Health(self.areas.observers.metrics, readiness.look)
                listener = second_listener(health, self._observe_socket)
                self._observing = await stack.enter_async_context(listener)
            await self._open_fronts(stack)
            if self.decisions is not None and self._authzen_socket is not None:
                listening = self.decisions.listening(self._authzen_socket)
                self.front_servers.append(await stack.enter_async_context(listening))
            log.info("gateway started", **self._facts_at_start())
            yield

    def _parts(self) -> Iterator[Part]:
        """What opens, in this order; it closes in the opposite one."""
        observers, people, rules = self.areas.observers, self.areas.people, self.areas.rules
        operations, register = self.areas.operations, self.areas.register
        yield observers.metrics
        if observers.tracing is not None:
            yield observers.tracing.sender
        yield from (people.provider, people.sessions, people.login)
        yield from (each for each in (people.machines, people.transmitters) if each is not None)
        yield operations.neighbours
        yield register.assertions
        yield from register.credentials.values()
        yield from register.session_tags.values()
        yield from (register.upstreams, self.stages.streams, self.stages.activity)
        yield observers.records
        yield from (operations.orders, operations.fleet, operations.blocks)
        yield from (rules.keeper, rules.reload)
        yield from (operations.emergencies, operations.maintenance)
        yield from (rules.shadow, self.keys)
        if self.decisions is not None:
            yield self.decisions

    def _facts_at_start(self) -> dict[str, object]:
        """What an operator wants to see first: which gateway this is, where it listens, whom it talks to, by which rules."""
        settings, config = self.settings, self.areas.rules.reload.config
        rules = config.rules[self.environment.name]
        return {
            "environment": self.environment.name,
            "version": __version__,
            "config": str(config.path.absolute()),
            "rule_set": rules.hash[:12],
            "rules": len(rules.rules),
            "public_url": settings.public_url,
            **self.addresses,
            "fronts": {name: each.listen for name, each in settings.fronts.items()},
            "authzen": settings.authzen.listen if settings.authzen is not None else None,
            "issuer": settings.provider.issuer,
            "client_id": settings.provider.client_id,
            "upstreams": {
                name: list(each.servers or (each.url,)) for name, each in settings.every_upstream.items()
            },
            "store": str(settings.session.store),
            "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        }

    async def _open_fronts(self, stack: AsyncExitStack) -> None:
        """Each front has a listener of its own, for its peers."""
        edge, public_url, fronts = self.settings.edge, self.settings.public_url, self.doors.fronts
        refusals = Refusals(self.events, WirePages(self.answers))
        for name, sock in self._front_sockets.items():
            settings = self.settings.fronts[name]
            if settings.grpc:
                await stack.enter_async_context(_grpc_listener(fronts[name], sock))
                continue
            protocol = protocol_class(edge.of_front(settings.peers), public_url=public_url, refusals=refusals)
            self.listeners[f"front {name}"] = protocol.listener
            listener = second_listener(fronts[name], sock, protocol)
            self.front_servers.append(await stack.enter_async_context(listener))


def _grpc_listener(front: Application, sock: socket.socket) -> AbstractAsyncContextManager[None]:
    try:
        # Only those who have such a front need the packages.
        from gateway.edge.grpc_front import grpc_listener  # noqa: PLC0415
    except ImportError as missing:
        raise ValueError(
            f"a front that asks over gRPC needs further packages ({missing}): pip install 'toegangspoort[grpc]'"
        ) from missing
    return grpc_listener(front, sock)


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that terminates WebSockets by itself: only the listener of `gateway serve` passes them on as they are."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        words = b"WebSockets need the listener of `gateway serve`.\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(words))]
        await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": words})
    else:
        await send({"type": "websocket.close", "code": 1008})


@asynccontextmanager
async def _opened(part: Part) -> AsyncIterator[None]:
    """A part that is open while the block runs; closed also after a start that failed half-way."""
    try:
        await part.start()
        yield
    finally:
        await part.aclose()
