"""The path of a request, top to bottom. This page shows the order of the stages; what they do stands in their modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.exchange import Exchange
from gateway.pipeline.admit import Admit
from gateway.pipeline.attach import Attach
from gateway.pipeline.authenticate import Authenticate
from gateway.pipeline.authorize import Authorize
from gateway.pipeline.forward import Forward
from gateway.pipeline.record import Record
from gateway.pipeline.refuse import Refuse
from gateway.pipeline.route import Route
from gateway.responses import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Judge:
    """Who asks, and may they? The two stages that a stream goes through again while it is open."""

    authenticate: Authenticate
    authorize: Authorize
    clock: Callable[[], float]

    async def __call__(self, exchange: Exchange) -> None:
        """Raises a GatewayError where they may not."""
        await self.authenticate(exchange)
        await self.authorize(exchange)

    async def again(self, earlier: Exchange) -> GatewayError | None:
        """Why a request that was allowed before would be refused by now; None where it would not."""
        try:
            await self(earlier.again(self.clock()))
        except GatewayError as error:
            return error
        return None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of one environment. Each fills in its part of the exchange, or raises a GatewayError."""

    admit: Admit
    route: Route
    judge: Judge
    attach: Attach
    forward: Forward
    refuse: Refuse
    record: Record
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request, from the first stage to the last."""
        exchange = Exchange(scope, receive, send, self.clock())
        try:
            self.admit(exchange)
            if await self.route(exchange):
                return
            await self.judge(exchange)
            self.attach(exchange)
            await self.forward(exchange)
        except Exception as problem:  # noqa: BLE001 - every problem gets its response
            await self.refuse(exchange, problem)
        finally:
            self.record(exchange)
