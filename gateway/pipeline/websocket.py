"""Stage 6 for a WebSocket: the handshake with the register, the tunnel, and its end with the session, right or rule."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import GatewayError, UpstreamBroken, WebSocketRefused
from gateway.events import StreamCut, UpstreamFailed, WebSocketEnded
from gateway.exchange import Exchange
from gateway.http_semantics import header_block
from gateway.model import WebSocketHandshake
from gateway.pipeline.forward import Forward, changed_headers
from gateway.pipeline.record import Record
from gateway.upstream.client_stream import ClientGone
from gateway.upstream.live_streams import Cut
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_head import SWITCHING
from gateway.upstream.settings import WebSocketSettings
from gateway.upstream.switched import RegisterSocket
from gateway.upstream.tunnel import Tunnel, TunnelLimits
from gateway.upstream.websocket import (
    check_handshake_response,
    close_code,
    handshake_lines,
    headers_of_switch,
    is_switch,
)
from gateway.upstream.websocket_connections import WebSocketConnections

# How the listener offers to leave HTTP, as an extension of the ASGI scope.
_SWITCH = "toegangspoort.switch"


@dataclass(frozen=True, slots=True)
class CarryWebSocket:
    """Opens a WebSocket at the upstream of its rule and joins the client's connection to it.

    `connections` are those of each upstream, by name.
    """

    forward: Forward
    connections: Mapping[str, WebSocketConnections]
    record: Record

    async def __call__(self, exchange: Exchange) -> None:
        """Raises a GatewayError or ClientGone where there is no WebSocket; the register's refusal is a normal answer."""
        handshake = exchange.admitted.websocket
        assert handshake is not None
        if _SWITCH not in exchange.scope.get("extensions", ()):
            raise WebSocketRefused("WebSockets need the listener of `gateway serve`", reason="server")
        try:
            await self._carry(exchange, handshake)
        except Cut as ended:
            exchange.cut = self._why(ended)
            raise ended.error from ended
        except GatewayError as error:
            if error.status >= 500:
                self.forward.on_event(UpstreamFailed(error.code))
            raise

    async def _carry(self, exchange: Exchange, handshake: WebSocketHandshake) -> None:
        """Raises Cut where it ends before the register has agreed."""
        begun = asyncio.get_running_loop().time()
        opening = self.forward.forwarder(exchange).open_websocket(
            self._request(exchange, handshake),
            self.connections[exchange.handling.upstream],
            exchange.handling.timeout,
        )
        response = await self.forward.streams.carry(exchange, exchange.caller.session_id, opening)
        try:
            response.headers = changed_headers(exchange, response.headers)
            if not is_switch(response.status):
                await response.relay(exchange.send)
                return
            await self._switch(exchange, response, handshake, begun)
        finally:
            await response.aclose()

    def _why(self, cut: Cut) -> dict[str, str]:
        return {"reason": cut.reason, "why": cut.error.detail, "rules": self.forward.rules().hash}

    def _settings(self, exchange: Exchange) -> WebSocketSettings:
        return self.forward.forwarder(exchange).upstream.settings.websockets

    def _request(self, exchange: Exchange, handshake: WebSocketHandshake) -> UpstreamRequest:
        request = self.forward.request(exchange)
        asked = handshake_lines(handshake, compression=self._settings(exchange).compression)
        framing = request.framing._replace(content_length=None)
        return request._replace(lines=request.lines + header_block(asked), framing=framing)

    async def _switch(
        self, exchange: Exchange, response: UpstreamResponse, handshake: WebSocketHandshake, begun: float
    ) -> None:
        """Both sides agree: join them until the end. `begun` is the loop's time at the start of the handshake."""
        settings = self._settings(exchange)
        compression = settings.compression
        compressed = check_handshake_response(response.register_headers, handshake, compression=compression)
        limits = TunnelLimits(
            settings.max_message_bytes, settings.idle_timeout, settings.close_timeout, compressed
        )
        tunnel = Tunnel(asyncio.get_running_loop(), limits)
        connection = response.keep_connection()
        try:
            if connection.closed or connection.response.after_switch is None:
                raise UpstreamBroken(
                    "the register's 101 cannot be read, or came with the end of its connection"
                )
            lines = headers_of_switch(response.headers)
            peer = exchange.scope["extensions"][_SWITCH](exchange.head(SWITCHING, lines), tunnel.client)
            if peer is None:
                exchange.status = 0
                raise ClientGone
            register = RegisterSocket(connection, tunnel.register, peer.turns)
            tunnel.open(peer, register)
            self.record(exchange)
            exchange.recorded = True
            register.start()
            peer.start()
            await self._until_its_end(exchange, tunnel, begun)
        finally:
            self.connections[exchange.handling.upstream].release(connection)

    async def _until_its_end(self, exchange: Exchange, tunnel: Tunnel, begun: float) -> None:
        session_id = exchange.caller.session_id
        opened, cut = time.perf_counter(), None
        try:
            await self.forward.streams.carry(exchange, session_id, tunnel.wait(), since=begun)
            if tunnel.ended_why:
                cut = {"reason": tunnel.ended_why}
                self.forward.on_event(StreamCut(tunnel.ended_why))
        except Cut as ended:
            cut = self._why(ended)
            tunnel.close(close_code(ended.error), ended.reason)
            await tunnel.wait()
        except asyncio.CancelledError:
            tunnel.abort()
            raise
        finally:
            self._report_end(exchange, session_id, time.perf_counter() - opened, cut)

    def _report_end(
        self, exchange: Exchange, session: str | None, seconds: float, cut: Mapping[str, str] | None
    ) -> None:
        self.forward.on_event(WebSocketEnded(exchange.id, session, seconds, cut))
