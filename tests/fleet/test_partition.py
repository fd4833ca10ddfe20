"""A machine that was cut off from the store while others gave orders, and returns: it has missed nothing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from gateway.blocks.block_list import BLOCKS as LIST
from gateway.blocks.block_list import Block
from gateway.blocks.blocks import Blocks
from gateway.blocks.settings import BlockSettings
from gateway.fleet.orders import REVOKED, Orders
from gateway.model import Identity
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from tests.redis_server import RedisServer, running_redis
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
ANNA, ZOE = Identity("https://acm/op", "anna"), Identity("https://acm/op", "zoe")


class Machine:
    """One gateway's sessions, blocks and orders. It reaches Redis by a name of its own, which can be taken away."""

    def __init__(self, folder: Path, server: RedisServer) -> None:
        folder.mkdir()
        self._name, self._server = folder / "redis.sock", server
        self._name.symlink_to(server.socket)
        settings = SessionSettings.model_validate(
            {
                "store": f"unix://{self._name}?db=0",
                "key": "env:PARTITION_KEY",
                "cache_ttl": "5m",
                "store_timeout": "1s",
            }
        )
        self.sessions = Sessions(settings, environment="ti", secure=False, clock=time.time)
        self.blocks = Blocks(
            BlockSettings(look_every=0.1), folder / "blocks.json", environment="ti", keys=lambda: (),
            names=lambda _keys: lambda identity: {"k": identity.subject}, clock=time.time,
        )  # fmt: skip
        self.orders = Orders(
            self.sessions, self.blocks, copy=folder / "copy.json", look_every=0.02, clock=time.time,
            steady=time.monotonic,
        )  # fmt: skip

    async def start(self) -> None:
        await self.sessions.start(sweep=False)
        await self.blocks.start()
        await self.orders.start()

    async def aclose(self) -> None:
        for part in (self.orders, self.blocks, self.sessions):
            await part.aclose()

    async def cut_off(self) -> None:
        """Nothing reaches the server, also what is connected."""
        await anyio.Path(self._name).unlink()
        async with Redis(unix_socket_path=str(self._server.socket)) as admin:
            await admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def return_(self) -> None:
        await anyio.Path(self._name).symlink_to(self._server.socket)

    def blocked(self) -> bool:
        return self.blocks.of(ANNA, time.time()) is not None


@pytest.fixture
async def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Machine, Machine]]:
    monkeypatch.setenv("PARTITION_KEY", "k" * 32)
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder:
        place = Path(folder)
        with running_redis(place) as server:
            one, two = Machine(place / "one", server), Machine(place / "two", server)
            for each in (one, two):
                await each.start()
            yield one, two
            for each in (one, two):
                await each.aclose()


async def test_it_reads_everything_again(machines: tuple[Machine, Machine]) -> None:
    here, away = machines
    session, ticket = await here.sessions.create(ZOE)
    assert await away.sessions.open(ticket) is not None
    await away.cut_off()
    await eventually(lambda: away.orders._trouble)
    block = Block("b-1", "person", "anna", "r", "operator", 0.0)
    changed = await here.sessions.board.change(LIST.name, lambda _: LIST.text((block,), "ti"))
    await here.sessions.end(ticket)
    await here.sessions.board.order(f"{REVOKED}1", b'["%s"]' % session.id.encode(), seconds=600.0)
    await eventually(here.blocked)
    assert not away.blocked()
    found = await away.orders.check()
    assert (found.ready, found.degraded) == (True, True)
    await away.return_()
    await eventually(away.blocked)
    assert away.orders.revision == changed.revision
    await eventually(lambda: away.sessions.open_cached(ticket) is None)
    assert await away.sessions.open(ticket) is None
