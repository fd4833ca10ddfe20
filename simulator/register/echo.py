"""/echo: shows what reaches the register, byte for byte; with streams to try out long answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

_PART = 65_536


async def echo(request: Request) -> Response:
    """Method, raw path, query, headers as received (pairs, in order) and the number of bytes of the body."""
    length = 0
    async for part in request.stream():
        length += len(part)
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode("latin-1"),
            "query": request.scope["query_string"].decode("latin-1"),
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw
            ],
            "body_length": length,
        }
    )


async def events(request: Request) -> Response:
    """Server-sent events, one every `interval` seconds, sent as they come."""
    count = min(int(request.query_params.get("events", "3")), 10_000)
    interval = min(float(request.query_params.get("interval", "0.1")), 60.0)

    async def produce() -> AsyncIterator[str]:
        for number in range(count):
            if number:
                await asyncio.sleep(interval)
            yield f"data: {number}\n\n"

    return StreamingResponse(produce(), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def octets(request: Request) -> Response:
    """A download of `size` bytes."""
    size = min(int(request.query_params.get("size", "1024")), 2**33)

    async def produce() -> AsyncIterator[bytes]:
        left = size
        part = b"x" * _PART
        while left > 0:
            yield part[:left]
            left -= _PART

    return StreamingResponse(
        produce(), media_type="application/octet-stream", headers={"content-length": str(size)}
    )
