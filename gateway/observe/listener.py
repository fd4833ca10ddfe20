"""The listener for operators beside the public one: health and metrics, on a socket of their own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from gateway.observe.health import Health


@contextlib.asynccontextmanager
async def operators_listener(health: Health, sock: socket.socket) -> AsyncIterator[None]:
    """Serve `health` on this socket while the block runs."""
    server = _Quiet(
        uvicorn.Config(
            health,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            ws="none",
        )
    )
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Quiet(uvicorn.Server):
    """A second server in the same process: signals belong to the first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
