"""What hundreds of servers and clients of tests need not wait for, or do again, to prove anything."""

from __future__ import annotations

import asyncio
import os
import ssl
import traceback
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx2._transports.default as transports
import uvicorn.server
from httpx2 import create_ssl_context

_OF_THIS = 0.2


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds * _OF_THIS)


@cache
def _usual() -> ssl.SSLContext:
    return create_ssl_context(trust_env=False)


def _shared(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    usual = verify is True and cert is None and not trust_env and not _for_the_gateway()
    return _usual() if usual else create_ssl_context(verify, cert, trust_env)


def _for_the_gateway() -> bool:
    """Whether the gateway makes the client: it reads the disk as ever, and is seen to where it must not."""
    frames = traceback.walk_stack(None)
    return any(frame.f_globals.get("__name__", "").startswith("gateway.") for frame, _ in frames)


_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_of_the_machine = {name: os.environ.get(name) for name in _AUTHORITIES}


def _default_authorities(self: ssl.SSLContext) -> None:
    """Those of the machine vouch for no server of a test: read where a test names others."""
    if {name: os.environ.get(name) for name in _AUTHORITIES} != _of_the_machine:
        super(ssl.SSLContext, self).set_default_verify_paths()


def hurry() -> None:
    """From now on in this process."""
    # uvicorn looks ten times a second whether it should end, and then pauses once more.
    uvicorn.server.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": _sleep})  # type: ignore[assignment, attr-defined]
    # A client reads all certificate authorities of the world before it asks a server on this machine.
    vars(transports)["create_ssl_context"] = _shared
    # The gateway reads them for each of its clients: half of what it takes to start one.
    ssl.SSLContext.set_default_verify_paths = _default_authorities  # type: ignore[method-assign]
