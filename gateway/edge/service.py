"""What answers the requests of client connections: the application, and the server that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from uvicorn.server import ServerState

from gateway.edge.response_cycle import ResponseCycle


@dataclass(frozen=True, slots=True)
class Service:
    """`prompt` answers at once what it can, before the application `app` is asked. `state` is that of the ASGI lifespan,
    copied for each request.
    """

    app: Any
    prompt: Callable[[dict[str, Any], ResponseCycle], bool] | None
    server: ServerState
    state: dict[str, Any]

    def serve(self, answering: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> None:
        """Run this as a task that the server waits for when it stops."""
        tasks = self.server.tasks
        task = loop.create_task(answering)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
