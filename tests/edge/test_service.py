"""What answers requests, and the server that waits for it."""

from __future__ import annotations

import asyncio

from uvicorn.server import ServerState

from gateway.edge.service import Service


def test_the_server_knows_what_is_being_answered_until_it_is() -> None:
    async def main() -> None:
        server, done = ServerState(), asyncio.Event()

        async def answering() -> None:
            await done.wait()

        Service(None, None, server, {}).serve(answering(), asyncio.get_running_loop())
        (task,) = server.tasks
        done.set()
        await task
        await asyncio.sleep(0)
        assert not server.tasks

    asyncio.run(main())
