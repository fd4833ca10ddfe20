"""Stage 6: to the register and back, cut when the session, the right or the rule ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.caching.object_memo import ObjectMemo
from gateway.errors import GatewayError, UpstreamUnreachable
from gateway.events import OnEvent, UpstreamFailed
from gateway.exchange import Exchange
from gateway.handling import PLAIN
from gateway.http_semantics import HeaderLine, media_type
from gateway.model import Identity
from gateway.pipeline.cross_origin import cors_lines
from gateway.policy.ruleset import RuleSet
from gateway.responses import Send
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.forward import Forwarder, WholeResponse
from gateway.upstream.live_streams import Cut, Streams
from gateway.upstream.progress import Progress
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import AnswerCut, UpstreamResponse
from gateway.upstream.session_tags import NOBODY, Owner, owner_of

_CORS = b"access-control-"
_ALLOWED = b"access-control-allow-origin"


@dataclass(frozen=True, slots=True)
class Forward:
    """Carries the request to the upstream of its rule and streams the response to the client.

    `forwarders` are those of all upstreams, by name.
    """

    forwarders: Mapping[str, Forwarder]
    streams: Streams[Exchange]
    rules: Callable[[], RuleSet]
    on_event: OnEvent
    owners: ObjectMemo[Identity, Owner] = field(default_factory=lambda: ObjectMemo(owner_of))

    async def __call__(self, exchange: Exchange, begun: UpstreamConnection | None = None) -> None:
        """Raises a GatewayError or ClientGone; once the response has begun, also AnswerCut.

        `begun` is the connection that carries the request already, where `begin` gave one.
        """
        exchange.progress = Progress("no" if begun is None else "wholly")
        try:
            await self.streams.carry(exchange, exchange.caller.session_id, self._carry(exchange, begun))
        except Cut as cut:
            exchange.cut = {"reason": cut.reason, "why": cut.error.detail, "rules": self.rules().hash}
            if cut.in_order:
                await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if exchange.status:
                raise AnswerCut(cut.reason) from cut
            raise cut.error from cut
        except GatewayError as error:
            if error.status >= 500:
                self.on_event(UpstreamFailed(error.code))
            raise

    def begin(self, exchange: Exchange) -> UpstreamConnection | None:
        """Send a request without a body over a connection that is idle; None where there is none."""
        return self.forwarder(exchange).begin_at_once(self.request(exchange))

    def take_whole(self, exchange: Exchange, connection: UpstreamConnection) -> WholeResponse | None:
        """The answer on a connection that `begin` gave, if all of it is there; it is given back then."""
        whole = self.forwarder(exchange).take_whole(connection)
        if whole is None or exchange.handling is PLAIN:
            return whole
        return whole._replace(headers=changed_headers(exchange, whole.headers))

    def forwarder(self, exchange: Exchange) -> Forwarder:
        """The forwarder of the upstream that its rule names. Raises UpstreamUnreachable where this process has none."""
        name = exchange.handling.upstream
        found = self.forwarders.get(name)
        if found is None:
            raise UpstreamUnreachable(f"this process has no upstream {name!r}: restart it")
        return found

    async def _carry(self, exchange: Exchange, begun: UpstreamConnection | None) -> None:
        handling = exchange.handling
        response = await self.forwarder(exchange).forward(
            self.request(exchange),
            begun,
            patience=handling.timeout,
            max_body=handling.max_body,
            progress=exchange.progress,
        )
        if handling is not PLAIN:
            response.headers = changed_headers(exchange, response.headers)
        if exchange.progress is not None:
            exchange.progress.response_headers = response.headers
        try:
            await response.relay(self._send(exchange, response))
        finally:
            await response.aclose()

    def _send(self, exchange: Exchange, response: UpstreamResponse) -> Send:
        """How the answer goes to the client."""
        return exchange.send

    def request(self, exchange: Exchange) -> UpstreamRequest:
        """What goes to the register."""
        outgoing, caller = exchange.outgoing, exchange.caller
        if outgoing is None:
            raise RuntimeError("nothing has been attached to the request")
        return UpstreamRequest.of(
            exchange.admitted,
            outgoing.lines,
            outgoing.framing,
            exchange.receive,
            caller.session_id,
            self.owners(caller.identity) if caller.identity is not None else NOBODY,
        )


def is_endless_stream(exchange: Exchange) -> bool:
    """Whether its answer is a stream of events under way: a client takes its end for an invitation to connect again."""
    lines = exchange.progress.response_headers if exchange.progress is not None and exchange.status else None
    found = dict(lines or ())
    kind = media_type(found.get(b"content-type"))
    return kind == b"text/event-stream" and b"content-length" not in found


def changed_headers(exchange: Exchange, headers: Sequence[HeaderLine]) -> Sequence[HeaderLine]:
    """The headers of the upstream's answer as the rule wants them."""
    handling = exchange.handling
    if handling.response_headers is not None:
        headers = handling.response_headers(headers)
    if handling.cors is not None and all(name != _ALLOWED for name, _ in headers):
        # What the upstream says in part must not add to what the rule allows.
        own = [line for line in headers if not line[0].startswith(_CORS)]
        headers = [*own, *cors_lines(handling.cors, exchange.admitted)]
    return headers
