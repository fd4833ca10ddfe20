"""Headers that every request to the register gets: fixed values, and credentials of the gateway's own."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path

from gateway.http_semantics import HeaderLines, header_block
from gateway.settings import Secret
from gateway.upstream.settings import UpstreamSettings

_AUTHORIZATION = "Authorization"


class Credentials:
    """The fixed headers of one register; `names` are theirs, which a client must not send. Secrets are read in `start`."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self._headers = settings.headers
        self._basic = settings.basic
        self.names = (*settings.headers, *([_AUTHORIZATION] if settings.basic is not None else []))
        self.lines: HeaderLines = ()
        self.block = b""

    async def start(self) -> None:
        """Read the secrets. Raises ValueError, with a message for operators, for one that cannot be sent."""
        await asyncio.to_thread(self.read)

    def read(self) -> None:
        """Read the secrets again. Raises ValueError; those before then stay in use."""
        self.lines = self._lines()
        self.block = header_block(self.lines)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files with the secrets."""
        secrets = [value for value in self._headers.values() if isinstance(value, Secret)]
        if self._basic is not None:
            secrets.append(self._basic.password)
        return tuple(secret.path for secret in secrets if secret.path is not None)

    async def aclose(self) -> None:
        """Forget the secrets."""
        self.lines, self.block = (), b""

    def _lines(self) -> HeaderLines:
        lines = [(name.lower().encode("ascii"), _value(value)) for name, value in self._headers.items()]
        if self._basic is not None:
            # RFC 7617 section 2.
            pair = self._basic.username.encode() + b":" + self._basic.password.read()
            lines.append((_AUTHORIZATION.lower().encode("ascii"), b"Basic " + b64encode(pair)))
        return tuple(lines)


def _value(value: Secret | str) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii")
    secret = value.read()
    if not secret.isascii() or not secret.decode("ascii").isprintable() or secret != secret.strip():
        raise ValueError(
            f"{value.reference} cannot be a header: it has other characters than printable ASCII"
        )
    return secret
