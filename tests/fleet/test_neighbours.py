"""Gateways of different environments that share something, each with a file of its own: refused, or reported once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.app import Gateway
from gateway.config import load
from gateway.config.card import card_of, signed_card
from gateway.config.model import EnvironmentSettings
from gateway.events import ignore
from gateway.fleet.neighbours import CARDS, Neighbours, cards_in, cards_on
from gateway.session.memory import MemoryStore
from gateway.session.sqlite import SqliteStore
from tests.config.test_card import environment
from tests.keys import client_keys, ec_key
from tests.processes import command, gateway_process
from tests.redis_server import RedisServer, running_redis
from tests.running import free_ports

pytestmark = pytest.mark.anyio


async def gateway(folder: Path, name: str, **changes: Any) -> Gateway:
    """A gateway with a file and a folder of its own."""

    def made() -> Gateway:
        environment(folder, name, **changes)
        return Gateway(load(folder / "config.yaml"), name)

    return await asyncio.to_thread(made)


def put_card(path: Path, settings: EnvironmentSettings) -> None:
    path.write_text(signed_card(card_of("ti", settings, time.time()), settings))


async def refused(one: Gateway) -> str:
    with pytest.raises(ValueError, match="share") as problem:
        async with one.running():
            pass
    return str(problem.value)


async def test_two_files_with_one_store(tmp_path: Path) -> None:
    store = {"store": f"sqlite:{tmp_path}/sessions.db"}
    ti, prd = (
        await gateway(tmp_path / "1", "ti", session=store),
        await gateway(tmp_path / "2", "prd", session=store),
    )
    async with ti.running():
        words = await refused(prd)
        assert "environments 'prd' and 'ti' share: session store" in words
        assert "--forget ti@" in words
    # Who was refused has left nothing behind that would keep the other from starting again.
    async with ti.running():
        pass


@pytest.mark.redis
async def test_one_database_of_redis_whatever_it_is_called(redis: RedisServer, tmp_path: Path) -> None:
    ti = await gateway(tmp_path / "1", "ti", session={"store": redis.url})
    prd = await gateway(tmp_path / "2", "prd", session={"store": redis.tcp_url})
    other = await gateway(tmp_path / "3", "prd", session={"store": redis.tcp_url.removesuffix("0") + "1"})
    async with ti.running(), other.running():
        assert "session store" in await refused(prd)


async def test_two_files_that_use_one_folder(tmp_path: Path) -> None:
    store = {"store": f"sqlite:{tmp_path}/var/ti.db"}, {"store": f"sqlite:{tmp_path}/var/prd.db"}
    ti = await gateway(tmp_path / "1", "ti", session=store[0])
    environment(tmp_path / "2", "prd")
    keys = tmp_path / "1" / "secrets" / "ti", tmp_path / "2" / "secrets" / "prd"
    for file in keys[0].iterdir():
        shutil.copy(file, keys[1] / file.name)
    prd = await gateway(tmp_path / "2", "prd", session=store[1])
    async with ti.running():
        words = await refused(prd)
        for purpose in ("sessions", "flows", "pseudonyms", "assertion", "client"):
            assert f"key ({purpose} here, " in words
        assert words.count("environments 'prd' and 'ti' share") == 1
    assert (tmp_path / "var" / "ti.card.json").exists()
    assert not (tmp_path / "var" / "prd.card.json").exists()


async def test_two_machines_of_one_environment_with_other_files_and_keys(tmp_path: Path) -> None:
    store = {"store": f"sqlite:{tmp_path}/var/sessions.db"}
    one = await gateway(tmp_path / "1", "prd", session=store)
    # The file of the second is being changed, and its keys are being rotated.
    two = await gateway(
        tmp_path / "2",
        "prd",
        session=store,
        upstream={"url": "http://new.example.be"},
        provider={"client_id": "new"},
    )
    async with one.running(), two.running():
        assert (await one.areas.operations.neighbours.check()).detail == ""


async def test_another_register_with_the_same_name(tmp_path: Path) -> None:
    store = {"store": f"sqlite:{tmp_path}/sessions.db"}
    one = await gateway(tmp_path / "1", "prd", session=store)
    other = await gateway(
        tmp_path / "2", "prd", session=store, provider={"client_id": "asbest"}, public_url="https://asbest.example.be",
        assertion={"key": "file:secrets/prd/other.pem"},
    )  # fmt: skip
    other_key = tmp_path / "2" / "secrets" / "prd" / "other.pem"
    other_key.write_bytes(ec_key("asbest"))
    other_key.chmod(0o600)
    (tmp_path / "2" / "secrets" / "prd" / "client.pem").write_bytes(client_keys("asbest")[0])
    async with one.running():
        assert "environments 'prd' and 'prd' share: session store" in await refused(other)


async def test_what_comes_to_be_shared_is_reported_once_per_pair(tmp_path: Path) -> None:
    store = MemoryStore()

    def made() -> tuple[EnvironmentSettings, list[Neighbours]]:
        ti = environment(tmp_path / "1", "ti", provider={"client_id": "gateway-under-test-prd"})
        environment(tmp_path / "2", "prd")
        config = load(tmp_path / "2" / "config.yaml")
        return ti, [
            Neighbours(config, "prd", store, clock=time.time, on_event=ignore, look_every=3600)
            for _ in range(2)
        ]

    ti, workers = await asyncio.to_thread(made)
    async with contextlib.AsyncExitStack() as stack:
        for each in workers:
            await each.start()
            stack.push_async_callback(each.aclose)
        await asyncio.to_thread(put_card, tmp_path / "2" / "var" / "ti.card.json", ti)
        with capture_logs() as logs:
            for _ in range(3):
                for each in workers:
                    await each._turn(False)
        assert len([line for line in logs if line["event"] == "environments are not known to be apart"]) == 1
        for each in workers:
            status = await each.check()
            assert status.ready
            assert "client gateway-under-test-prd" in status.detail
        (tmp_path / "2" / "var" / "ti.card.json").unlink()
        await workers[0]._turn(False)
        assert (await workers[0].check()).detail == ""


async def test_cards_that_were_changed_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.card.json"

    def forged() -> None:
        put_card(path, environment(tmp_path / "1", "ti"))
        data = json.loads(path.read_text())
        data["card"]["environment"] = "prd"
        path.write_text(json.dumps(data))

    await asyncio.to_thread(forged)
    store = SqliteStore(tmp_path / "s.db")
    await store.start()
    await store.put_entry(CARDS, "ti@x", path.read_bytes(), until=time.time() + 60)
    for found in (await asyncio.to_thread(cards_in, tmp_path), await cards_on(store, time.time())):
        assert found.cards == []
        assert "changed after it was signed" in found.troubles[0]
    await store.aclose()


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="gw-redis-") as data, running_redis(Path(data)) as server:
        yield server


@pytest.mark.redis
def test_a_process_that_is_refused_says_why(redis: RedisServer, tmp_path: Path) -> None:
    ports = free_ports(4)
    paths = []
    for number, name in enumerate(("ti", "prd")):
        folder = tmp_path / name
        observe = {"listen": f"127.0.0.1:{ports[2 + number]}"}
        environment(folder, name, session={"store": redis.url}, observe=observe)
        paths.append(folder / "config.yaml")
        paths[-1].write_text(
            paths[-1].read_text().replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{ports[number]}")
        )
    with gateway_process(paths[0], "ti", f"http://localhost:{ports[2]}/readyz"):
        done = command("serve", "--config", str(paths[1]), "--env", "prd")
        assert done.returncode != 0
        assert "environments 'prd' and 'ti' share: session store" in done.stdout + done.stderr
