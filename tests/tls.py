"""Certificates and https servers for tests: an authority of their own, good certificates and bad ones."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import trustme

from tests.running import serving

Kind = Literal["good", "expired", "other-name", "other-authority"]


class Certificates:
    """An authority, whose certificate is at `ca`, and servers with certificates of it in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.ca = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))

    @cached_property
    def _other(self) -> trustme.CA:
        return trustme.CA()

    def files(self, kind: Kind = "good", name: str = "localhost") -> tuple[Path, Path]:
        """The files with a certificate for this name and its key."""
        if kind == "expired":
            made = self._authority.issue_cert(
                name, not_before=datetime(2020, 1, 1), not_after=datetime(2021, 1, 1)
            )
        elif kind == "other-authority":
            made = self._other.issue_cert(name)
        else:
            made = self._authority.issue_cert("other.test" if kind == "other-name" else name)
        chain, key = self._folder / f"{kind}.pem", self._folder / f"{kind}-key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(key))
        return chain, key

    def trusted(self) -> ssl.SSLContext:
        """What a client needs to trust this authority only."""
        return ssl.create_default_context(cafile=str(self.ca))

    def server(self, kind: Kind = "good") -> ssl.SSLContext:
        """What a server needs to prove who it is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(kind))
        return context

    @contextlib.contextmanager
    def serving(
        self, app: Any, kind: Kind = "good", *, name: str = "localhost", **options: Any
    ) -> Iterator[str]:
        """An app at https://NAME:PORT, until the block ends."""
        chain, key = self.files(kind, name)
        with serving(app, ssl_certfile=chain, ssl_keyfile=key, lifespan="off", **options) as running:
            yield f"https://{name}:{running.port}"
