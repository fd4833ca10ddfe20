"""What a probe says about a server."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.upstream.pool import ConnectionPool
from gateway.upstream.probes import Probes
from gateway.upstream.settings import UpstreamSettings
from tests.running import raw_upstream


def probes(port: int, **probe: Any) -> tuple[Probes, ConnectionPool]:
    settings = UpstreamSettings.model_validate(
        {"url": f"http://127.0.0.1:{port}", "probe": {"path": "/ping?x=1"} | probe}
    )
    assert settings.probe is not None
    pool = ConnectionPool(settings)
    return Probes(settings.probe, [pool], b"gw.test"), pool


@pytest.mark.parametrize(
    ("answer", "options", "fault"),
    [
        (b"HTTP/1.1 204 Fine\r\n\r\n", {}, None),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", {}, "/ping?x=1 is answered with 302"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", {"statuses": [302]}, None),
        (b"what?\r\n\r\n", {}, "/ping?x=1: not an HTTP answer"),
        (None, {"timeout": "50ms"}, "no answer to /ping?x=1 within 0.05 s"),
    ],
)
async def test_what_a_probe_finds(answer: bytes | None, options: dict[str, Any], fault: str | None) -> None:
    with raw_upstream() as server:
        server.answer = lambda _: answer
        asking, pool = probes(server.port, **options)
        found = await asking.fault(pool)
        assert (found or "").startswith(fault or "")
        assert (found is None) is (fault is None)
        assert server.begun[0].startswith(b"GET /ping?x=1 HTTP/1.1\r\nhost: gw.test\r\n")
        assert pool.open_connections == 0


async def test_a_server_that_is_not_there_or_hangs_up() -> None:
    asking, pool = probes(9)
    assert "127.0.0.1:9" in (await asking.fault(pool) or "")
    with raw_upstream() as server:
        server.reset = True
        asking, pool = probes(server.port)
        assert await asking.fault(pool) == "/ping?x=1: the connection was closed"
