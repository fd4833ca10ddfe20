"""The path of a request, top to bottom: only the order of the stages. Each stage's module says what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from gateway.exchange import Exchange
from gateway.pipeline.admit import Admit
from gateway.pipeline.attach import Attach
from gateway.pipeline.cross_origin import CrossOrigin
from gateway.pipeline.forward import Forward
from gateway.pipeline.judge import Judge
from gateway.pipeline.record import Record
from gateway.pipeline.redirect import redirect
from gateway.pipeline.refuse import Refuse
from gateway.pipeline.route import Route
from gateway.pipeline.websocket import CarryWebSocket
from gateway.responses import Receive, Scope, Send

# Every problem gets its response; only a task that is cancelled says nothing.
_TO_REFUSE: Final = (Exception, SystemExit, KeyboardInterrupt)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of one environment. Each fills in its part of the exchange, or raises what ends the request."""

    admit: Admit
    route: Route
    judge: Judge
    attach: Attach
    forward: Forward
    websocket: CarryWebSocket
    cors: CrossOrigin
    refuse: Refuse
    record: Record
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request, from the first stage to the last."""
        exchange = Exchange(scope, receive, send, self.clock())
        async with self.ending(exchange):
            if await self.may_go_on(exchange):
                await self.send_on(exchange)

    async def may_go_on(self, exchange: Exchange) -> bool:
        """Whether the request may go to its upstream; False where it has been answered. Raises a GatewayError."""
        self.admit(exchange)
        if await self.route(exchange) or await self.cors.preflight(exchange):
            return False
        await self.judge(exchange)
        if exchange.kept_form is not None:
            await self.route.forms.check_sender(exchange)
        return not await redirect(exchange)

    async def send_on(self, exchange: Exchange) -> None:
        """To the upstream and back. Raises a GatewayError, ClientGone or AnswerCut."""
        self.attach(exchange)
        if exchange.admitted.websocket is None:
            await self.forward(exchange)
        else:
            await self.websocket(exchange)

    def ending(self, exchange: Exchange) -> _Ending:
        """`async with`: whatever happens inside, the client gets a response and the request its record."""
        return _Ending(self, exchange)


@dataclass(frozen=True, slots=True)
class _Ending:
    """The end of an exchange. Not a generator: from Python 3.12 on, one that takes an exception leaves a cycle behind."""

    pipeline: Pipeline
    exchange: Exchange

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self, _kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        pipeline, exchange = self.pipeline, self.exchange
        try:
            if isinstance(problem, _TO_REFUSE):
                await pipeline.refuse(exchange, problem)
        finally:
            if exchange.kept_form is not None:
                await pipeline.route.forms.settle(exchange)
            if not exchange.recorded:
                pipeline.record(exchange)
            exchange.forget_errors()
        return isinstance(problem, _TO_REFUSE)
