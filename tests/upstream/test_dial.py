"""Opening connections."""

from __future__ import annotations

import socket

import pytest

from gateway.errors import UpstreamUnreachable
from gateway.upstream.address import parse_address
from gateway.upstream.dial import dial
from gateway.upstream.known_responses import KnownResponses
from tests.running import raw_upstream


async def test_a_connection() -> None:
    with raw_upstream() as server:
        connection = await dial(
            parse_address(f"http://127.0.0.1:{server.port}"), None, None, 5.0, KnownResponses()
        )
        assert not connection.closed
        connection.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid", "unix:/nowhere/app.sock"])
async def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(UpstreamUnreachable, match=url):
        await dial(parse_address(url), None, None, 5.0, KnownResponses())


async def test_a_server_that_takes_too_long() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = parse_address(f"http://127.0.0.1:{full.getsockname()[1]}")
        with (
            socket.create_connection(full.getsockname()),  # takes the only place
            pytest.raises(UpstreamUnreachable, match="timed out"),
        ):
            for _ in range(3):
                (await dial(address, None, None, 0.05, KnownResponses())).close()
