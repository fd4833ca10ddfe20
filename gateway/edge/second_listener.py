"""A listener beside the public one, in the same process: for operators, and for each front."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from gateway.edge.drain import DrainedServer


@contextlib.asynccontextmanager
async def second_listener(app: Any, sock: socket.socket, http: Any = "auto") -> AsyncIterator[DrainedServer]:
    """Serve an ASGI application on this socket while the block runs. `http` is as uvicorn's setting.

    Raises ValueError where somebody else listens there.
    """
    server = DrainedServer(
        uvicorn.Config(
            app,
            http=http,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=http == "auto",
            timeout_graceful_shutdown=1,
            ws="none",
        )
    )
    task = asyncio.create_task(server.serve(sockets=[sock]))
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if task.done():
        await task
    try:
        yield server
    finally:
        server.should_exit = True
        await task
