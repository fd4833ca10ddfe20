"""What `gateway doctor` finds about a real Redis server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.doctor.check_result import CheckResult
from gateway.doctor.shared_store import shared_store
from gateway.session.settings import SessionSettings
from tests.redis_server import RedisServer, running_redis

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as found:
        yield found


async def findings(store: str, *, ahead: float = 0.0, folder: Path = Path()) -> list[CheckResult]:
    values = {
        "store": store,
        "key": "env:UNUSED",
        "store_password": "env:STORE_PASSWORD" if "@" in store else None,
    }
    settings = SessionSettings.model_validate(values, context={"folder": folder})
    return [each async for each in shared_store("ti", settings, clock=lambda: time.time() + ahead)]


def warned(found: list[CheckResult]) -> str:
    return "; ".join(f"{each.says} -> {each.do}" for each in found if each.status != "ok")


async def test_what_would_lose_sessions_is_named(server: RedisServer) -> None:
    async with Redis(unix_socket_path=str(server.socket)) as admin:
        assert "appendonly no" in warned(await findings(server.url))
        await admin.config_set("appendonly", "yes")
        assert warned(await findings(server.url)) == ""
        await admin.config_set("maxmemory", "100mb")
        await admin.config_set("maxmemory-policy", "volatile-lru")
        found = warned(await findings(server.url))
        assert "maxmemory-policy volatile-lru" in found
        assert "%" not in found
        await admin.config_set("maxmemory-policy", "noeviction")
        await admin.config_set("maxmemory", str(int((await admin.info())["used_memory"] * 1.1)))
        assert "% of its memory is used" in warned(await findings(server.url))
        await admin.config_set("maxmemory", "0")
        assert "90 s behind its own" in warned(await findings(server.url, ahead=-90.0))
        await admin.replicaof("127.0.0.1", "1")
        assert "it is a replica" in warned(await findings(server.url))


async def test_what_a_user_lacks_is_named_with_what_to_type(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_PASSWORD", "pw")
    url = server.tcp_url.replace("//", "//gw@")
    async with Redis(unix_socket_path=str(server.socket)) as admin:
        await admin.execute_command(
            "ACL", "SETUSER", "gw", "on", ">pw", "~{toegangspoort:ti}:*", "+ping", "+time"
        )
        found = await findings(url)
    assert "+hset" in found[0].says
    assert "~{toegangspoort:ti}:* ~{toegangspoort}:entries:/cards -@all +" in found[0].do
    assert (found[-1].status, "may not run INFO" in found[-1].says) == ("skipped", True)


async def test_other_stores_have_no_such_findings(server: RedisServer) -> None:
    assert await findings("memory:") == []
    server.stop()
    assert await findings(server.url) == []
