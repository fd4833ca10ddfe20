"""A second listener serves on its own socket while the block runs, and no longer."""

import signal
import socket

import httpx2
import pytest

from gateway.edge.second_listener import second_listener
from gateway.observe.health import Health
from gateway.observe.metrics import Metrics
from tests.running import free_socket

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


async def test_where_somebody_else_began_to_listen_it_does_not_pretend_to_serve() -> None:
    with free_socket() as other, socket.socket() as sock:
        # As two gateways that start at the same moment: both have bound the address when one of them listens.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(other.getsockname())
        other.listen()
        with pytest.raises(ValueError, match=r"cannot listen on 127\.0\.0\.1:.* a second gateway"):
            async with second_listener(Health(Metrics("ti", version="1"), {}), sock):
                pass


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
