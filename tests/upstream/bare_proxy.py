"""The smallest ASGI app that admits and forwards: edge and upstream without identity, rules or pages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from gateway.edge.admit import Admission
from gateway.edge.headers import ForwardedHeaders
from gateway.edge.protocol import protocol_class
from gateway.edge.readings import PathReader
from gateway.edge.settings import EdgeSettings, PathSettings
from gateway.errors import GatewayError
from gateway.http_semantics import header_block
from gateway.upstream.client_stream import ClientGone
from gateway.upstream.forward import Forwarder
from gateway.upstream.request import Framing, UpstreamRequest
from gateway.upstream.response import AnswerCut, UpstreamResponse
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstream import Upstream
from tests.running import Running, serving


class BareProxy:
    def __init__(self, upstream: UpstreamSettings, edge: EdgeSettings) -> None:
        self.upstream = Upstream(upstream)
        self.admission = Admission(
            edge,
            PathReader(PathSettings()),
            public_url="http://gw.test",
            cookie_prefix="tgp-test-",
            language=lambda _accept: "en",
        )
        self.headers = ForwardedHeaders(
            trusted_chain=bool(edge.trusted_proxies), allow=edge.request_headers.allow
        )
        self.forwarder = Forwarder(
            self.upstream,
            own_cookies="tgp-test-",
            max_body=edge.max_body_bytes,
            body_timeout=edge.body_timeout,
        )
        self.responses: list[UpstreamResponse] = []
        self.cut = 0
        self.gone = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            request = self.admission.admit(scope)
            passed = self.headers.passed(request.headers, request.method)
            lines = header_block(passed) + self.headers.own(request, scope["client"][0])
            framing = Framing.of(request.headers)
            response = await self.forwarder.forward(UpstreamRequest.of(request, lines, framing, receive))
            self.responses.append(response)
            try:
                await response.relay(send)
            finally:
                await response.aclose()
        except AnswerCut:
            self.cut += 1
        except ClientGone:
            self.gone += 1
        except GatewayError as error:
            body = type(error).code.encode() + b" " + error.detail.encode()
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": error.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await self.upstream.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.upstream.aclose()
        await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def bare_proxy(
    port: int, *, edge: dict[str, Any] | None = None, **upstream: Any
) -> Iterator[tuple[BareProxy, Running]]:
    edge_settings = EdgeSettings.model_validate(edge or {})
    settings = UpstreamSettings.model_validate(
        {"url": f"http://127.0.0.1:{port}", "connect_timeout": "30s"} | upstream
    )
    app = BareProxy(settings, edge_settings)
    with serving(app, http=protocol_class(edge_settings), log_level="critical") as running:
        yield app, running
