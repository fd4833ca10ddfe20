"""A second listener serves on its own socket while the block runs, and no longer."""

import signal

import httpx2
import pytest

from gateway.edge.second_listener import second_listener
from gateway.observe.health import Health
from gateway.observe.metrics import Metrics
from tests.running import free_socket

pytestmark = pytest.mark.anyio


async def test_it_listens_while_the_block_runs_and_leaves_signals_alone() -> None:
    sock = free_socket()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/healthz"
    before = signal.getsignal(signal.SIGTERM)
    # The socket takes connections from here on, so that nobody has to wait for the server.
    sock.listen()
    async with httpx2.AsyncClient(trust_env=False) as client:
        async with second_listener(Health(Metrics("ti", version="1"), {}), sock):
            assert (await client.get(url)).text == "ok\n"
            assert signal.getsignal(signal.SIGTERM) is before
        with pytest.raises(httpx2.HTTPError):
            await client.get(url)
