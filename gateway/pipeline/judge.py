"""Stages 3 and 4 together: who sent the request, and may they? An open stream goes through them again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import GatewayError, RecordsUnavailable
from gateway.exchange import Exchange
from gateway.pipeline.authenticate import Authenticate
from gateway.pipeline.authorize import Authorize
from gateway.pipeline.cached_permission import CachedPermission


@dataclass(frozen=True, slots=True)
class Judge:
    """Authenticates, then authorizes."""

    authenticate: Authenticate
    authorize: Authorize
    clock: Callable[[], float]

    async def __call__(self, exchange: Exchange) -> None:
        """Raises a GatewayError if access is refused."""
        await self.authenticate(exchange)
        await self.authorize(exchange)

    def at_once(self, exchange: Exchange) -> bool:
        """The same without waiting; False where something has to be waited for."""
        return self.authenticate.at_once(exchange) and self.authorize.at_once(exchange)

    def as_before(self, exchange: Exchange, before: CachedPermission) -> bool:
        """Allow what was allowed before; False where something has changed that the permission rests on. Raises Blocked."""
        return (
            self.authenticate.at_once(exchange)
            and exchange.caller.session is before.session
            and self.authorize.as_before(exchange, before)
        )

    async def again(self, earlier: Exchange) -> GatewayError | None:
        """The error that an open stream would get if it were requested now; None if it would be allowed."""
        try:
            await self(earlier.again(self.clock()))
        except GatewayError as error:
            return error
        return None


@dataclass(frozen=True, slots=True)
class RecordedJudge(Judge):
    """Lets nothing through while its record cannot be written. `full` says whether that is so."""

    full: Callable[[], bool]

    async def __call__(self, exchange: Exchange) -> None:
        """Also raises RecordsUnavailable."""
        if self.full():
            raise RecordsUnavailable("decision records cannot be written (records_when_full: deny)")
        await Judge.__call__(self, exchange)

    def at_once(self, exchange: Exchange) -> bool:
        """The same without waiting; False also where nothing goes through."""
        return not self.full() and Judge.at_once(self, exchange)

    def as_before(self, exchange: Exchange, before: CachedPermission) -> bool:
        """The same; False also where nothing goes through."""
        return not self.full() and Judge.as_before(self, exchange, before)
