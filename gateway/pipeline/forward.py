"""Stage 6: to the register and back, cut when the session, the right or the rule ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.exchange import Exchange
from gateway.policy.ruleset import RuleSet
from gateway.upstream.forward import Forwarder
from gateway.upstream.live_streams import Cut, Streams
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import AnswerCut


@dataclass(frozen=True, slots=True)
class Forward:
    """Carries the request to the register and streams the response to the client."""

    forwarder: Forwarder
    streams: Streams[Exchange]
    rules: Callable[[], RuleSet]

    async def __call__(self, exchange: Exchange) -> None:
        """Raises a GatewayError or ClientGone; once the response has begun, also AnswerCut."""
        session = exchange.caller.session
        try:
            await self.streams.carry(
                exchange, session.id if session is not None else None, self._carry(exchange)
            )
        except Cut as cut:
            exchange.cut = {"reason": cut.reason, "why": cut.error.detail, "rules": self.rules().hash}
            if exchange.status:
                raise AnswerCut(cut.reason) from cut
            raise cut.error from cut

    async def _carry(self, exchange: Exchange) -> None:
        request = UpstreamRequest.of(exchange.admitted, exchange.outgoing, exchange.receive)
        response = await self.forwarder.forward(request)
        try:
            head = {"type": "http.response.start", "status": response.status, "headers": response.headers}
            await exchange.send(head)
            async for part in response:
                more = not response.complete
                await exchange.send({"type": "http.response.body", "body": part, "more_body": more})
        finally:
            await response.aclose()
