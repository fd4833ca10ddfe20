"""What another server must prove over TLS, and the certificate by which the gateway proves who it is there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.settings import Secret


class _NamedContext(ssl.SSLContext):
    """A context whose servers must have a certificate for one name, whatever address they are reached at."""

    name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


@dataclass(frozen=True, slots=True)
class ClientTls:
    """The trusted authorities (PEM; default: those of the machine), the gateway's certificate with its `key`, and the name
    that the server's certificate must have where that is not the host in its address."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Secret | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """The context for connections. Reads files. Raises OSError, with the file, where one cannot be read or used."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except OSError as problem:
            raise OSError(f"ca: {self.ca} cannot be used: {problem.strerror or problem}") from problem
        if self.server_name is not None:
            named = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
            named.name, named.verify_flags = self.server_name, context.verify_flags
            if self.ca is not None:
                named.load_verify_locations(str(self.ca))
            else:
                named.load_default_certs()
            context = named
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            key = self.key.path if self.key is not None else None
            try:
                context.load_cert_chain(str(self.certificate), str(key) if key else None)
            except OSError as problem:
                what = f"certificate: {self.certificate}" + (f" with the key {key}" if key else "")
                raise OSError(f"{what} cannot be used: {problem.strerror or problem}") from problem
        return context
