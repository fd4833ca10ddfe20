"""Stage 6: to the register and back, cut when the session, the right or the rule ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.events import OnEvent, UpstreamFailed
from gateway.exchange import Exchange
from gateway.model import Identity
from gateway.object_memo import ObjectMemo
from gateway.policy.ruleset import RuleSet
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.forward import Forwarder
from gateway.upstream.live_streams import Cut, Streams
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import AnswerCut
from gateway.upstream.session_tags import NOBODY, Owner, owner_of


@dataclass(frozen=True, slots=True)
class Forward:
    """Carries the request to the register and streams the response to the client."""

    forwarder: Forwarder
    streams: Streams[Exchange]
    rules: Callable[[], RuleSet]
    on_event: OnEvent
    owners: ObjectMemo[Identity, Owner] = field(default_factory=lambda: ObjectMemo(owner_of))

    async def __call__(self, exchange: Exchange, begun: UpstreamConnection | None = None) -> None:
        """Raises a GatewayError or ClientGone; once the response has begun, also AnswerCut.

        `begun` is the connection that carries the request already, where `begin` gave one.
        """
        session = exchange.caller.session
        session_id = session.id if session is not None else None
        try:
            await self.streams.carry(exchange, session_id, self._carry(exchange, begun))
        except Cut as cut:
            exchange.cut = {"reason": cut.reason, "why": cut.error.detail, "rules": self.rules().hash}
            if exchange.status:
                raise AnswerCut(cut.reason) from cut
            raise cut.error from cut
        except GatewayError as error:
            if error.status >= 500:
                self.on_event(UpstreamFailed(error.code))
            raise

    def begin(self, exchange: Exchange) -> UpstreamConnection | None:
        """Send a request without a body over a connection that is idle; None where there is none."""
        return self.forwarder.begin_at_once(self.request(exchange))

    async def _carry(self, exchange: Exchange, begun: UpstreamConnection | None) -> None:
        response = await self.forwarder.forward(self.request(exchange), begun)
        try:
            await response.relay(exchange.send)
        finally:
            await response.aclose()

    def request(self, exchange: Exchange) -> UpstreamRequest:
        """What goes to the register."""
        outgoing, session, identity = exchange.outgoing, exchange.caller.session, exchange.caller.identity
        if outgoing is None:
            raise RuntimeError("nothing has been attached to the request")
        return UpstreamRequest.of(
            exchange.admitted,
            outgoing.lines,
            outgoing.framing,
            exchange.receive,
            session.id if session is not None else None,
            self.owners(identity) if identity is not None else NOBODY,
        )
