"""What hundreds of servers and clients of tests need not wait for, or do again, to prove anything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import traceback
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx2._transports.default as transports
import joserfc._rfc7517.pem as keys
import uvicorn
import uvicorn.server
from httpx2 import create_ssl_context

_OF_THIS = 0.2


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds * _OF_THIS)


class _Order:
    """`should_exit` of a server, which it acts on at once: looking for it again and again takes processor time."""

    def __get__(self, server: uvicorn.Server, _: type[uvicorn.Server]) -> bool:
        return bool(vars(server).get("should_exit"))

    def __set__(self, server: uvicorn.Server, ends: bool) -> None:
        vars(server)["should_exit"] = ends
        woken: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = vars(server).get("woken")
        if woken is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended with it
                woken[0].call_soon_threadsafe(woken[1].set)


async def _until_ordered(server: uvicorn.Server) -> None:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    vars(server)["woken"] = loop, woken
    # A tick once a second, as for uvicorn's tenth: it writes the date.
    while not await server.on_tick(0):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), 1.0)


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


_read = cache(keys.load_pem_private_key)


def _private_key(pem: bytes, password: bytes | None = None) -> Any:
    return _read(pem, password)


def hurry() -> None:
    """From now on in this process."""
    # uvicorn looks ten times a second whether it should end, and then pauses once more.
    uvicorn.Server.should_exit = _Order()  # type: ignore[assignment]
    uvicorn.Server.main_loop = _until_ordered  # type: ignore[assignment, method-assign]
    uvicorn.server.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": _sleep})  # type: ignore[assignment, attr-defined]
    # A client reads all certificate authorities of the world before it asks a server on this machine.
    vars(transports)["create_ssl_context"] = _shared
    # The gateway reads them for each of its clients: half of what it takes to start one.
    ssl.SSLContext.set_default_verify_paths = _default_authorities  # type: ignore[method-assign]
    # A gateway reads each of its keys now and then, and OpenSSL tests the primes of RSA keys each time.
    vars(keys)["load_pem_private_key"] = _private_key
