"""The HTTP transport for calls to a provider: a connection pool that refuses redirects and compressed or large bodies."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from gateway.outgoing.egress import DIRECT, Egress

LARGEST_RESPONSE = 1_048_576
_CONNECT_SHARE = 0.8
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class ResponseRefused(httpx2.TransportError):
    """A response of the provider that is refused before it is parsed."""


class ProviderTransport(httpx2.AsyncBaseTransport):
    """A pool that several clients share: it stays open when one of them closes, until `close_pool`.

    `clock_difference` is how many seconds the provider's clock was ahead in its latest response (RFC 9110 6.6.1).
    """

    def __init__(self, tls: ssl.SSLContext, clock: Callable[[], float], egress: Egress = DIRECT) -> None:
        self._pool = egress.transport(tls)
        self._clock = clock
        self.clock_difference: float | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response to a request; reading a body of more than LARGEST_RESPONSE bytes raises ResponseRefused.

        Raises ResponseRefused for a redirect (secrets must not go elsewhere) and for a compressed body (whose final
        size is unknown).
        """
        request.headers["Accept-Encoding"] = "identity"
        response = await self._pool.handle_async_request(request)
        self.clock_difference = self._difference(response.headers.get("date"))
        if response.status_code in _REDIRECTS:
            trouble = "the provider sent a redirect"
        elif response.headers.get("content-encoding", "identity").lower() != "identity":
            trouble = "the provider sent a compressed answer"
        else:
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _Bounded(response.stream)
            return response
        await response.aclose()
        raise ResponseRefused(trouble, request=request)

    async def aclose(self) -> None:
        """Do nothing: a client that closes must not close the connections of the others."""

    async def close_pool(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    def _difference(self, date: str | None) -> float | None:
        try:
            return parsedate_to_datetime(date).timestamp() - self._clock() if date is not None else None
        except (ValueError, OverflowError):
            return None


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > LARGEST_RESPONSE:
                raise ResponseRefused(f"the provider sent more than {LARGEST_RESPONSE} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def client_options(transport: ProviderTransport, timeout: float) -> dict[str, Any]:
    """The options of every HTTP client for the provider; `timeout` is in seconds, for each single wait.

    A connection gets less, so that one that does not come about is told from a response that does not come.
    """
    waits = httpx2.Timeout(timeout, connect=_CONNECT_SHARE * timeout)
    return {"transport": transport, "timeout": waits, "follow_redirects": False, "trust_env": False}
