"""Opens connections to a server of an upstream."""

from __future__ import annotations

import asyncio
import ssl

from gateway.errors import UpstreamUnreachable
from gateway.outgoing.client_tls import ClientTls
from gateway.upstream.address import Address
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.settings import UpstreamTls


def tls_context(tls: UpstreamTls) -> ssl.SSLContext:
    """What an https server must prove, and the gateway's own certificate. Raises OSError if a file cannot be read."""
    return ClientTls(tls.ca, tls.certificate, tls.key).context()


async def dial(
    address: Address,
    tls: ssl.SSLContext | None,
    server_name: str | None,
    seconds: float,
    known: KnownResponses,
) -> UpstreamConnection:
    """A new connection; `tls` is for an https server, whose certificate must name `server_name` or its host. `known` are
    heads that its answers had before.

    Raises UpstreamUnreachable, also where it takes longer than `seconds`.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            if address.socket is not None:
                _, connection = await loop.create_unix_connection(
                    lambda: UpstreamConnection(loop, known), address.socket
                )
            else:
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(loop, known),
                    address.host,
                    address.port,
                    ssl=tls if address.secure else None,
                    server_hostname=(server_name or address.host) if address.secure else None,
                )
    except (OSError, TimeoutError, ssl.SSLError) as problem:
        raise UpstreamUnreachable(f"{address.url}: {str(problem) or 'timed out'}") from problem
    return connection
