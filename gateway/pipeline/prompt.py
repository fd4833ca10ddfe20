"""The prompt path: a request that needs no waiting goes to the register and back in plain calls.

No task, no ASGI messages and no timer of its own; the stages are those of the pipeline. What turns out to need
waiting goes on, or starts over, the general way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from gateway.exchange import Exchange
from gateway.http_semantics import HeaderLine
from gateway.pipeline.admit import remember_admission
from gateway.pipeline.permission_cache import PermissionCache
from gateway.pipeline.pipeline import Pipeline
from gateway.responses import Message, Receive, Scope, Send
from gateway.upstream.client_stream import ClientGone
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.progress import Progress

# Seconds. An answer that is not there by then lasts: it is streamed, and the client watched, the general way.
_PATIENCE = 0.05


class ClientCycle(Protocol):
    """One request and its answer at the listener, as the gateway's own protocol offers it."""

    on_disconnect: Callable[[], None] | None

    @property
    def takes_writes(self) -> bool:
        """Whether the client has taken in what was written before."""

    async def receive(self) -> Message:
        """ASGI receive."""

    async def send(self, message: Any) -> None:
        """ASGI send."""

    def answer(self, status: int, headers: Iterable[HeaderLine], body: bytes) -> None:
        """A whole answer at once."""

    def go_on(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Let an ASGI application answer, in a task."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Offers requests without a body to the stages. `started` counts those that are taken up here."""

    pipeline: Pipeline
    permissions: PermissionCache
    started: Callable[[], None]

    def __call__(self, scope: Scope, cycle: ClientCycle) -> bool:
        """Take up the request; False where it must go the general way, and nothing has happened then."""
        if scope["method"] == "OPTIONS":
            return False  # perhaps a preflight
        pipeline = self.pipeline
        exchange = Exchange(scope, cycle.receive, cycle.send, pipeline.clock())
        try:
            connection = None
            if self.permissions.allow(exchange):
                pipeline.attach(exchange)
                connection = pipeline.forward.begin(exchange)
        except Exception:  # noqa: BLE001 - the general way meets it again, and answers
            connection = None
        if connection is None:
            remember_admission(exchange, scope)
            return False
        self.started()
        cycle.on_disconnect = lambda: connection.abandon(ClientGone())
        connection.tell(lambda: self._arrived(exchange, cycle, connection), _PATIENCE)
        return True

    def _arrived(self, exchange: Exchange, cycle: ClientCycle, connection: UpstreamConnection) -> None:
        """The register has answered, or has not in time."""
        cycle.on_disconnect = None
        whole = self.pipeline.forward.take_whole(exchange, connection) if cycle.takes_writes else None
        if whole is None:
            cycle.go_on(partial(self._go_on, exchange, connection))
            return
        try:
            cycle.answer(whole.status, exchange.head(whole.status, whole.headers), whole.body)
        except Exception as problem:  # noqa: BLE001 - what called us has nobody to tell
            cycle.go_on(partial(self._fail, exchange, problem))
        else:
            self.pipeline.record(exchange)

    async def _go_on(
        self,
        exchange: Exchange,
        connection: UpstreamConnection,
        _scope: Scope,
        _receive: Receive,
        _send: Send,
    ) -> None:
        async with self.pipeline.ending(exchange):
            await self.pipeline.forward(exchange, connection)

    async def _fail(
        self, exchange: Exchange, problem: Exception, _scope: Scope, _receive: Receive, _send: Send
    ) -> None:
        exchange.progress = Progress("wholly")
        async with self.pipeline.ending(exchange):
            raise problem
