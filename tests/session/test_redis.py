"""What only a Redis server can do to sessions: fail, hang, come back, be shared, be read by somebody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trustme
from redis.asyncio import Redis

from gateway.errors import StoreUnavailable
from gateway.session.redis import RedisStore
from gateway.session.settings import SessionSettings
from gateway.session.stores import open_store
from gateway.settings import SharedStore
from tests.redis_server import RedisServer, running_redis
from tests.session.conftest import Clock
from tests.session.test_store import stored

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as found:
        yield found


def store_at(url: str, environment: str = "ti", timeout: float = 20.0) -> RedisStore:
    server = SharedStore(url, None, "", timeout=timeout)
    return RedisStore(server, environment=environment, clock=time.time)


async def test_a_server_that_fails_is_told_and_one_that_is_back_is_used(server: RedisServer) -> None:
    store = store_at(server.url)
    await store.start()
    await store.put(stored(1, expires_at=time.time() + 60))
    server.stop()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await store.get(stored(1).key)
    server.start()
    assert await store.get(stored(1).key) is None
    await store.put(stored(2, expires_at=time.time() + 60))
    assert await store.get(stored(2).key) is not None
    await store.aclose()


async def test_a_server_that_hangs_is_not_waited_for(server: RedisServer) -> None:
    store = store_at(server.url, timeout=0.3)
    await store.start()
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"redis\.sock"):
            await store.get(stored(1).key)
        assert time.monotonic() - begun < 20
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert await store.get(stored(1).key) is None
    await store.aclose()


async def test_a_server_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    store = store_at(f"unix://{tmp_path}/none.sock")
    with pytest.raises(StoreUnavailable):
        await store.start()
    await store.aclose()
    with pytest.raises(StoreUnavailable):
        await store.get(stored(1).key)


async def test_environments_do_not_see_one_another(redis: RedisServer) -> None:
    one, two = store_at(redis.url, "one"), store_at(redis.tcp_url, "two")
    await one.start()
    await two.start()
    await one.put(stored(1, expires_at=time.time() + 60))
    assert await two.get(stored(1).key) is None
    assert await two.find() == []
    assert await two.put_value(b"n", b"x", until=time.time() + 9, now=time.time())
    assert await one.get_value(b"n", now=time.time()) is None
    await one.aclose()
    await two.aclose()


async def test_everything_has_a_time_to_live(redis: RedisServer) -> None:
    store = store_at(redis.url, "lives")
    await store.start()
    now = time.time()
    await store.put(stored(1, expires_at=now + 60))
    await store.put(stored(2, expires_at=now + 600))
    await store.put_value(b"n", b"x", until=now + 9, now=now)
    async with Redis(unix_socket_path=str(redis.socket)) as client:
        keys = await client.keys("{toegangspoort:lives}:*")
        assert len(keys) == 8
        for key in keys:
            assert 0 < await client.ttl(key) <= 600 + 900, key
    await store.aclose()


async def test_what_somebody_else_wrote_is_no_session(redis: RedisServer) -> None:
    store = store_at(redis.url, "odd")
    await store.start()
    await store.put(stored(1, expires_at=time.time() + 60))
    async with Redis(unix_socket_path=str(redis.socket)) as client:
        (name,) = await client.keys("{toegangspoort:odd}:session:*")
        await client.hset(name, "expires_at", "soon")
        assert await store.get(stored(1).key) is None
        await client.delete(name)
        await client.set(name, "text")
        with pytest.raises(StoreUnavailable):
            await store.get(stored(1).key)
    await store.aclose()


async def test_a_reader_that_goes_away_never_leaves_its_answer_to_another(redis: RedisServer) -> None:
    store = store_at(redis.url, "cancel")
    await store.start()
    for number in range(1, 9):
        await store.put(stored(number, expires_at=time.time() + 60, sealed=bytes([number])))

    async def read(number: int) -> bool:
        found = await store.get(bytes([number]) * 32)
        return found is not None and found.sealed == bytes([number])

    for turn in range(150):
        tasks = [asyncio.create_task(read(1 + at % 8)) for at in range(24)]
        await asyncio.sleep(0)
        for at, task in enumerate(tasks):
            if (at + turn) % 3 == 0:
                task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                assert await task
    await store.aclose()


@contextlib.asynccontextmanager
async def losing_answers(redis: RedisServer, folder: Path) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The address of what hands everything on to the server, and words: a call with one of them is carried out once, and
    its connection ends before the answer.
    """
    lost: list[bytes] = []

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(redis.socket)
        while asked := await reader.read(65_536):
            loses = any(each in asked for each in lost)
            if loses:
                lost.clear()
            back.write(asked)
            answer = await there.read(65_536)
            if loses:
                break
            writer.write(answer)
        for each in (writer, back):
            each.close()

    path = folder / "lossy.sock"
    async with await asyncio.start_unix_server(hand_on, path):
        yield f"unix://{path}?db=0", lost


async def test_an_answer_that_is_lost_with_its_connection_is_no_refusal(redis: RedisServer) -> None:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder:
        async with losing_answers(redis, Path(folder)) as (url, lost):
            store = store_at(url, "lossy")
            await store.start()
            now = time.time()
            for value in (b"a", b"b"):
                lost.append(b"'call'")
                first = await store.put_value(b"claim", value, until=now + 60, now=now)
                assert (first, lost) == (value == b"a", [])
            assert await store.get_value(b"claim", now=now) == b"a"
            await store.put(stored(1, expires_at=now + 60))
            for number, there in ((2, True), (3, False)):
                lost.append(b"swap")
                later = stored(number, expires_at=now + 60, sealed=bytes([number]))
                assert (await store.swap(stored(1).key, later), lost) == (there, [])
                assert (await store.get(later.key) is not None) == there
            for content, changed in ((b"one", True), (b"two", False)):
                lost.append(b"HGET")
                assert (await store.swap_entry("orders", "blocks", None, content), lost) == (changed, [])
            for there in (True, False):
                lost.append(b"forget(KEYS[1]) == 0 then return false")
                assert (await store.delete(stored(2).key), lost) == (there, [])
            for taken in (b"a", None):
                lost.append(b"'value')")
                assert (await store.take_value(b"claim", now=now), lost) == (taken, [])
            await store.aclose()


async def test_a_password_and_tls_with_certificates_on_both_sides(tmp_path: Path, clock: Clock) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "redis.internal")
    own = authority.issue_cert("gateway.internal")
    own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    own.private_key_pem.write_to_path(tmp_path / "own-key.pem")
    (tmp_path / "own-key.pem").chmod(0o600)
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as place:
        folder = Path(place)
        leaf.private_key_pem.write_to_path(folder / "key.pem")
        leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        (tmp_path / "password").write_text("a long password\n")
        (tmp_path / "password").chmod(0o600)
        with running_redis(folder) as plain:
            port = plain.port
        tls = (
            "--port", "0", "--tls-port", str(port), "--tls-cert-file", str(folder / "cert.pem"),
            "--tls-key-file", str(folder / "key.pem"), "--tls-auth-clients", "yes",
            "--tls-ca-cert-file", str(tmp_path / "ca.pem"), "--requirepass", "a long password",
        )  # fmt: skip
        with running_redis(folder, *tls):
            values = {
                "store": f"rediss://127.0.0.1:{port}/0",
                "store_password": "file:password",
                "store_authority": "ca.pem",
                "store_certificate": "own.pem",
                "store_certificate_key": "file:own-key.pem",
                "key": "file:unused",
            }

            async def try_with(**changes: object) -> None:
                settings = SessionSettings.model_validate(values | changes, context={"folder": tmp_path})
                store = open_store(settings, environment="ti", clock=clock)
                try:
                    await store.start()
                    assert await store.find() == []
                finally:
                    await store.aclose()

            await try_with()
            await try_with(store_server_name="redis.internal")
            with pytest.raises(StoreUnavailable, match="an authority that this machine does not know"):
                await try_with(store_authority=None)
            with pytest.raises(StoreUnavailable, match="for another name"):
                await try_with(store_server_name="other.internal")
            with pytest.raises(StoreUnavailable):
                await try_with(store_certificate=None, store_certificate_key=None)
            with pytest.raises(StoreUnavailable, match="it wants a password"):
                await try_with(store_password=None)
            with pytest.raises(ValueError, match="store_authority"):
                await try_with(store_authority="none.pem")
            with pytest.raises(ValueError, match="store_certificate: cannot use"):
                await try_with(store_certificate="ca.pem")


@pytest.mark.parametrize(
    "store",
    [
        "redis://", "redis://:secret@host/0", "redis://host/0?ssl_cert_reqs=none", "rediss://host/x", "unix://",
        "unix:///run/redis.sock?db=0&password=x", "redis://host:port/0", "redis://a b/0", "postgres://host/0", "sqlite:",
    ],
)  # fmt: skip
def test_a_place_that_makes_no_sense_is_refused(store: str) -> None:
    with pytest.raises(ValueError, match=r"write memory:|password is never"):
        SessionSettings.model_validate({"store": store, "key": "file:x"})


async def test_a_server_that_became_a_replica_is_used_again_once_it_is_none(server: RedisServer) -> None:
    store = store_at(server.url)
    await store.start()
    await store.put(stored(1, expires_at=time.time() + 60))
    async with Redis(unix_socket_path=str(server.socket)) as admin:
        await admin.replicaof("127.0.0.1", "1")
        with pytest.raises(StoreUnavailable):
            await store.put_value(b"n", b"x", until=time.time() + 9, now=time.time())
        await admin.replicaof("NO", "ONE")
    assert await store.put_value(b"n", b"x", until=time.time() + 9, now=time.time())
    await store.aclose()


async def test_no_machine_ends_the_reports_of_others_by_its_own_clock(server: RedisServer) -> None:
    """Ten minutes off, either way: they are waited for, and nobody uses a key that one of them lacks."""

    def machine(ahead: float) -> tuple[RedisStore, float]:
        found = RedisStore(
            SharedStore(server.url, None, ""), environment="ti", clock=lambda: time.time() + ahead
        )
        return found, time.time() + ahead

    machines = [machine(ahead) for ahead in (0.0, 600.0, -600.0)]
    for number, (store, now) in enumerate(machines):
        await store.start()
        await store.put_entry("keys", str(number), b"here", until=now + 30.0)
    for _ in range(2):
        for store, now in machines:
            assert await store.entries("keys", now=now) == dict.fromkeys("012", b"here")
    right, now = machines[0]
    await right.put_entry("keys", "over", b"here", until=now - 1.0)
    for store, now in machines:
        assert "over" not in await store.entries("keys", now=now)
        await store.aclose()


async def test_no_machine_sweeps_away_sessions_by_a_clock_that_is_ahead(server: RedisServer) -> None:
    """An hour ahead, it would log everybody out at all machines."""
    store, now = store_at(server.url), time.time()
    await store.start()
    await store.put(stored(1, created_at=now, seen_at=now, expires_at=now + 1_200))
    await store.put(stored(2, created_at=now - 9_000, seen_at=now - 9_000, expires_at=now - 100))
    wrong = RedisStore(SharedStore(server.url, None, ""), environment="ti", clock=lambda: time.time() + 3_600)
    await wrong.start()
    then = time.time() + 3_600
    assert await wrong.sweep(expired_before=then - 60, idle_before=then - 1_800) == 1
    assert await store.get(stored(1).key) is not None
    await wrong.aclose()
    await store.aclose()
