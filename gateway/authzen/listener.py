"""TLS at the listener of the decision point, and the certificate with which a caller connects."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

from gateway.authzen.settings import TlsSettings

CERTIFICATE: Final = "client_certificate"
"""Where a scope has the certificate (DER) of the client, among its extensions."""


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for the listener. Raises ValueError with a message for operators."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as problem:
        raise ValueError(
            f"the certificate {settings.certificate} and its key {settings.key} cannot be used: {problem}"
        ) from problem
    if settings.client_authorities is not None:
        try:
            context.load_verify_locations(settings.client_authorities)
        except (OSError, ssl.SSLError) as problem:
            raise ValueError(f"{settings.client_authorities} cannot be used: {problem}") from problem
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def with_certificate(protocol: type[Any]) -> type[Any]:
    """The same protocol, whose scopes also have the certificate of the client, where it showed one."""

    class Certified(protocol):  # type: ignore[misc]
        _asgi: dict[str, Any]

        def connection_made(self, transport: asyncio.Transport) -> None:
            tls = transport.get_extra_info("ssl_object")
            certificate = tls.getpeercert(binary_form=True) if tls is not None else None
            if certificate is not None:
                self._asgi = {**self._asgi, "extensions": {CERTIFICATE: {"der": certificate}}}
            super().connection_made(transport)

    return Certified
