"""A listener beside the public one, in the same process: for operators, and for each front."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn


@contextlib.asynccontextmanager
async def second_listener(app: Any, sock: socket.socket, http: Any = "auto") -> AsyncIterator[None]:
    """Serve an ASGI application on this socket while the block runs. `http` is as uvicorn's setting."""
    server = _Quiet(
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
