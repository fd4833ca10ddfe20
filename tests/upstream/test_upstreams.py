"""All upstreams of an environment together."""

from __future__ import annotations

import pytest

from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstreams import Upstreams


def settings(**values: object) -> UpstreamSettings:
    return UpstreamSettings.model_validate(values)


def test_servers_that_are_out_are_named() -> None:
    found = Upstreams(
        {
            "default": settings(url="http://a"),
            "reports": settings(servers=["http://b", "http://c"], breaker={"failures": 1}),
        }
    )
    assert found.trouble == ""
    found.by_name["reports"].pools[1].health.failed("upstream-timeout")
    assert found.trouble == "reports: http://c is out: upstream-timeout"


async def test_one_that_cannot_start_names_itself_and_the_others_close() -> None:
    found = Upstreams(
        {"default": settings(url="http://a"), "reports": settings(url="https://b", tls={"ca": "/nowhere"})}
    )
    with pytest.raises(ValueError, match="upstream 'reports'"):
        await found.start()
    await found.aclose()
    assert found.open_connections == 0
