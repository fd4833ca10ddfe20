"""The register's faults on purpose: it breaks every connection, is slow, or breaks off in the middle of an answer."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.faults import Faults
from simulator.faults.catalogue import REGISTER_CUT, REGISTER_DOWN, REGISTER_SLOW

_LOOK_AGAIN = 0.05


def breaking_protocol(faults: Faults) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=...)`: while the register is down, every connection ends without an answer."""

    class BreakingProtocol(HttpToolsProtocol):
        def data_received(self, data: bytes) -> None:
            if faults.is_on(REGISTER_DOWN):
                self.transport.abort()
            else:
                super().data_received(data)

    return BreakingProtocol


class _Cut(Exception):
    pass


class Faulty:
    """Wraps the register: waits before it answers, and breaks off, while those faults are on."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._wait()
            if self._faults.is_on(REGISTER_CUT):
                await _cut(self._app, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _wait(self) -> None:
        # Switching the fault off, or setting it lower, frees who waits.
        begun = time.monotonic()
        while time.monotonic() - begun < self._faults.seconds(REGISTER_SLOW):  # noqa: ASYNC110 - a switch is no event
            await asyncio.sleep(_LOOK_AGAIN)


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Half of the first part of the answer goes out; the server then closes what is not complete."""
    start: Message = {}
    broken = False

    async def half(message: Message) -> None:
        nonlocal start, broken
        if message["type"] == "http.response.start":
            start = message
            return
        body = message.get("body", b"")
        if not body and message.get("more_body", False):
            return
        if not body:
            # An empty answer that says it has more.
            MutableHeaders(raw=start.setdefault("headers", []))["content-length"] = "1"
        await send(start)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        broken = True
        raise _Cut

    try:
        await app(scope, receive, half)
    except Exception:
        if not broken:
            raise
