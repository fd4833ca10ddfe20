"""Requests to a register, with what the client sends as a list of ASGI messages."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.responses import Receive
from gateway.upstream.request import Framing, UpstreamRequest
from gateway.upstream.shares import Party

PARTY = Party("192.0.2.1", "session-1")


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


DISCONNECT = {"type": "http.disconnect"}


def receiving(*messages: dict[str, Any]) -> Receive:
    """Gives these messages, and then none for ever."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return receive


def upstream_request(
    method: str = "GET", *messages: dict[str, Any], length: int | None = None, has_body: bool = False
) -> UpstreamRequest:
    return UpstreamRequest(
        method, b"/x", b"gw.test", b"", Framing(length, has_body), receiving(*messages), PARTY
    )
