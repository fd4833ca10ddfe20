"""The gateway of one environment as an ASGI application: what opens, in which order, and what operators see of it."""

from __future__ import annotations

import resource
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Final, Protocol

import structlog

from gateway import __version__
from gateway.assembly import Assembly
from gateway.auth.settings import PrivateKeyJwt
from gateway.edge.drain import DrainedServer
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import REFUSED, Refusals
from gateway.edge.second_listener import second_listener
from gateway.errors import StoreUnavailable
from gateway.key_files.keyring import Key
from gateway.observe.decision_record import person_names
from gateway.observe.health import Check, Health, HealthStatus
from gateway.observe.logs import configure_logs
from gateway.observe.readiness import Readiness
from gateway.pages.wire import WirePages
from gateway.pipeline import prompt
from gateway.pipeline.forward import endless
from gateway.reload.keys import KeyReload, KeySource, RingSource
from gateway.responses import Application, Receive, Scope, Send

log = structlog.get_logger()

# Without these no request is let through. All else leaves the gateway with answers, and every other gateway sees the same.
_VITAL: Final = ("serving", "records")


class Part(Protocol):
    """Something that opens when the gateway starts and closes when it stops."""

    async def start(self) -> None:
        """Raises ValueError or StoreUnavailable, with a message for operators."""

    async def aclose(self) -> None:
        """Also called after a start that failed."""


class Gateway(Assembly):
    """Serves one environment. The ASGI lifespan opens everything and closes it again, also after a failed start."""

    _observing: DrainedServer | None = None

    def reload_soon(self) -> None:
        """Read the rules again."""
        self.reload.soon()

    def drain(self) -> None:
        """Answer "not ready" from now on: the process is about to stop."""
        self._draining = True

    def hand_over(self) -> None:
        """Leave the questions of operators to another process, which has the same socket."""
        if self._observing is not None:
            self._observing.should_exit = True

    def end_streams(self) -> None:
        """End event streams in order: their clients connect again, elsewhere."""
        self.streams.end_in_order(endless)

    @cached_property
    def front_servers(self) -> list[DrainedServer]:
        """Those that answer fronts and programs that ask for decisions, while everything is open."""
        return []

    @cached_property
    def keys(self) -> KeyReload:
        """The keys in force, which follow their files."""
        settings = self.settings

        def octets(keys: Sequence[Key]) -> Sequence[bytes]:
            return [key.octets for key in keys]

        def sessions(keys: Sequence[Key]) -> None:
            self.sessions.use_keys(octets(keys))
            for tags in self.session_tags.values():
                tags.use_keys(octets(keys))

        def flows(keys: Sequence[Key]) -> None:
            self.login.use_keys(octets(keys))
            if self.decisions is not None:
                self.decisions.tokens.use_keys(octets(keys))

        def pseudonyms(keys: Sequence[Key]) -> None:
            self.records.use_keys(octets(keys))
            self.blocks.use_keys(keys)
            self.sessions.cards.use_names(person_names(keys, self.environment))

        sources: dict[str, KeySource] = {
            "sessions": RingSource(settings.ring("sessions"), sessions),
            "flows": RingSource(settings.ring("flows"), flows),
            "pseudonyms": RingSource(settings.ring("pseudonyms"), pseudonyms),
            "records": RingSource(settings.ring("records"), self.records.use_sealing),
            "assertion": KeySource(
                settings.assertion.paths, self.assertions.read_keys, settings.assertion.announce
            ),
        }
        client, asking = self.login.client, self.machines.client if self.machines is not None else None
        others = [asking] if asking is not None else []
        if isinstance(settings.provider.client_auth, PrivateKeyJwt):
            announced = settings.provider.client_auth.announce or 0.0
            sources["client"] = KeySource(client.paths, client.read_keys, announced)
        else:
            others.append(client)
        askers = (self.decisions.callers,) if self.decisions is not None else ()
        read_again = (
            *((each.paths, each.load) for each in others),
            *((each.paths, each.read) for each in self.credentials.values()),
            *((each.paths, each.read) for each in askers),
        )
        return KeyReload(sources, self.sessions.store, read_again, clock=self._clock, on_event=self.events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: HTTP goes through the pipeline."""
        if scope["type"] == "http":
            if REFUSED in scope:
                return  # by the listener, before anybody else looked at it
            self.metrics.started()
            await self.handle(scope, receive, send)
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
        settings = self.settings
        configure_logs(level=settings.observe.log_level, form=settings.observe.log_format)
        people = (self.provider, self.sessions, self.login, self.machines, self.transmitters)
        register: tuple[Part, ...] = (
            self.assertions,
            *self.credentials.values(),
            *self.session_tags.values(),
            self.upstreams,
            self.streams,
            self.activity,
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.facts.aclose)
            for part in (
                self.metrics,
                self.tracing.sender if self.tracing is not None else None,
                *people,
                self.neighbours,
                *register,
                self.records,
                self.orders,
                self.fleet,
                self.blocks,
                self.rules_keeper,
                self.reload,
                self.emergencies,
                self.maintenance,
                self.shadow,
                self.keys,
                self.decisions,
            ):
                if part is not None:
                    await stack.enter_async_context(_opened(part))
            # Closed before the parts above: a recheck under way still needs them.
            stack.push_async_callback(self.rechecks.aclose)
            readiness = Readiness(self._checks(), vital=_VITAL, on_event=self.events)
            await stack.enter_async_context(_opened(readiness))
            if self._observe_socket is not None:
                health = Health(self.metrics, readiness.look)
                listener = second_listener(health, self._observe_socket)
                self._observing = await stack.enter_async_context(listener)
            await self._open_fronts(stack)
            if self.decisions is not None and self._authzen_socket is not None:
                listening = self.decisions.listening(self._authzen_socket)
                self.front_servers.append(await stack.enter_async_context(listening))
            log.info("gateway started", **self._facts_at_start())
            yield

    def _facts_at_start(self) -> dict[str, object]:
        """What an operator wants to see first: which gateway this is, where it listens, whom it talks to, by which rules."""
        settings = self.settings
        rules = self.reload.config.rules[self.environment]
        return {
            "environment": self.environment,
            "version": __version__,
            "form": "python" if (prompt.__file__ or "").endswith(".py") else "compiled",
            "config": str(self.reload.config.path.absolute()),
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
        edge, public_url = self.settings.edge, self.settings.public_url
        refusals = Refusals(self.events, WirePages(self.answers))
        for name, sock in self._front_sockets.items():
            settings = self.settings.fronts[name]
            if settings.grpc:
                await stack.enter_async_context(_grpc_listener(self.fronts[name], sock))
                continue
            protocol = protocol_class(edge.of_front(settings.peers), public_url=public_url, refusals=refusals)
            self.listeners[f"front {name}"] = protocol.listener
            listener = second_listener(self.fronts[name], sock, protocol)
            self.front_servers.append(await stack.enter_async_context(listener))

    def _checks(self) -> dict[str, Check]:
        async def serving() -> HealthStatus:
            return HealthStatus(not self._draining, "stopping" if self._draining else "")

        async def sessions() -> HealthStatus:
            # Open paths and pages go on without it, and where it can only be read, everybody who is logged in does.
            try:
                trouble = await self.sessions.check()
            except StoreUnavailable as problem:
                return HealthStatus(
                    True, f"no answer, so only open paths work: {problem.detail}", degraded=True
                )
            words = f"cannot be written, so nobody can log in: {trouble}" if trouble else ""
            return HealthStatus(True, words, degraded=bool(trouble))

        async def upstreams() -> HealthStatus:
            # Never "not ready": every other gateway sees the same, and without one nobody gets an answer at all.
            return HealthStatus(True, self.upstreams.trouble, degraded=bool(self.upstreams.trouble))

        async def records() -> HealthStatus:
            found = await self.records.check()
            words = "; ".join(filter(None, (found.detail, self.rules_keeper.trouble)))
            return HealthStatus(
                found.ready, words, degraded=found.degraded or bool(self.rules_keeper.trouble)
            )

        return {
            "serving": serving,
            "sessions": sessions,
            "rules": self.reload.check,
            "shadow": self.shadow.check,
            "blocks": self.orders.check,
            "emergency": self.emergencies.check,
            "maintenance": self.maintenance.check,
            "upstreams": upstreams,
            "keys": self.keys.check,
            "records": records,
            "environments": self.neighbours.check,
            "fleet": self.fleet.check,
            "clock": self.fleet.check_clock,
            "background": self.failing.check,
        }


def _grpc_listener(front: Application, sock: socket.socket) -> AbstractAsyncContextManager[None]:
    try:
        # Only who has such a front needs the packages.
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
