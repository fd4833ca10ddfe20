"""Two gateways on Redis with a sentinel, and the master is killed under requests: what people and operators see of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from gateway.model import Identity, Organisation, Tokens
from gateway.session.sessions import Sessions
from tests.redis_server import RedisServer, running_redis, sentinel
from tests.two_machines import Machines, two_machines

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
_PATIENCE = 40.0
_BLOCKED = "0777000187"
_T = TypeVar("_T")


@dataclass
class Fleet:
    """Two gateways, and the servers of their store: the master and its replica."""

    machines: Machines
    old: RedisServer
    new: RedisServer
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def session(self, organisation: str = "0428315871", *, ago: float = 0.0) -> str:
        """The ticket of a session that was checked so many seconds ago."""
        past = time.time() - ago
        environment = await asyncio.to_thread(lambda: load(self.machines.configs[0]).environment("ti"))
        sessions = Sessions(environment.session, environment="ti", secure=False, clock=lambda: past)
        token = f"refresh-{time.monotonic_ns()}"
        self.machines.op.refresh_tokens[token] = "alice"
        who = Identity(self.machines.op.issuer, "alice", organisation=Organisation(organisation))
        async with contextlib.aclosing(sessions):
            await sessions.start(sweep=False)
            _, ticket = await sessions.create(who, Tokens("access", token))
        return ticket

    async def ask(
        self, client: httpx2.AsyncClient, ticket: str, which: int, path: str = "/echo", method: str = "GET"
    ) -> int:
        headers = {
            "cookie": f"tgp-ti-session={ticket}", "host": f"localhost:{self.machines.ports[0]}",
            "accept": "application/json", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors",
        }  # fmt: skip
        url = f"http://127.0.0.1:{self.machines.ports[which]}{path}"
        return (await client.request(method, url, headers=headers)).status_code

    async def ready(self, client: httpx2.AsyncClient, which: int) -> tuple[int, list[str]]:
        answer = await client.get(f"http://127.0.0.1:{self.machines.ports[2 + which]}/readyz")
        return answer.status_code, answer.json()["degraded"]

    def command(self, *arguments: str) -> Result:
        given = [*arguments, "--env", "ti", "--config", str(self.machines.configs[0])]
        return CliRunner().invoke(application(given), given)

    @contextlib.asynccontextmanager
    async def under_requests(self, client: httpx2.AsyncClient, *tickets: str) -> AsyncIterator[None]:
        """Pages of these sessions and open ones, at both gateways, until the block ends; `answers` counts them."""
        over = asyncio.Event()

        async def goes_on(kind: str, ask: Callable[[], Awaitable[int]]) -> None:
            while not over.is_set():
                self.answers[kind, await ask()] += 1
                await asyncio.sleep(0.02)

        def asks(which: int, ticket: str) -> Callable[[], Awaitable[int]]:
            return lambda: self.ask(client, ticket, which)

        def opens(which: int) -> Callable[[], Awaitable[int]]:
            return lambda: self.ask(client, "", which, "/public/x")

        async def readies(which: int) -> int:
            return (await self.ready(client, which))[0]

        tasks = [
            asyncio.create_task(goes_on("page", asks(which, each))) for which in (0, 1) for each in tickets
        ]
        tasks += [asyncio.create_task(goes_on("open", opens(which))) for which in (0, 1)]
        tasks += [
            asyncio.create_task(goes_on("ready", lambda which=which: readies(which))) for which in (0, 1)
        ]  # type: ignore[misc]
        try:
            yield
        finally:
            over.set()
            await asyncio.gather(*tasks)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-redis-")))
        for name in ("a", "b"):
            (folder / name).mkdir()
        old = stack.enter_context(running_redis(folder / "a"))
        new = stack.enter_context(
            running_redis(
                folder / "b", "--replicaof", f"127.0.0.1 {old.port}", "--repl-diskless-sync-delay", "0"
            )
        )
        port = stack.enter_context(sentinel(folder, old))
        session = {
            "store": f"redis+sentinel://127.0.0.1:{port}/register/0", "store_grace": "30s", "store_timeout": "4s",
        }  # fmt: skip
        machines = stack.enter_context(two_machines(tmp_path, provider={"timeout": "10s"}, session=session))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(machines.start, (0, 1)))
        yield Fleet(machines, old, new)


async def comes_true(condition: Callable[[], Awaitable[_T]]) -> _T:
    """What the condition gives, once it holds."""
    async with asyncio.timeout(_PATIENCE):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
    return found


async def test_nothing_is_lost_but_for_the_seconds_without_a_master(fleet: Fleet) -> None:
    op = fleet.machines.op
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        goes_on, leaves, blocked = [
            await fleet.session(), await fleet.session(), await fleet.session(_BLOCKED),
        ]  # fmt: skip
        due = await fleet.session(ago=1_600.0)
        done = await asyncio.to_thread(
            fleet.command, "block", "add", "--organisation", _BLOCKED, "--reason", "r", "--wait"
        )
        assert done.exit_code == 0, done.output
        for which in (0, 1):
            assert await fleet.ask(client, goes_on, which) == 200
        assert await fleet.ask(client, leaves, 0, "/oauth2/logout/local", "POST") == 200
        await _copied(fleet)

        def dies(_form: dict[str, str]) -> None:
            """The provider has the refresh token, and the master dies before its answer can be kept."""
            fleet.old.stop()

        answers: dict[str, Any] = op.answers
        answers["token"] = dies
        async with fleet.under_requests(client, goes_on):
            renewed = await fleet.ask(client, due, 0)
            answers.pop("token")
            await comes_true(lambda: _logs_in(fleet, client))
        assert renewed == 200
        # The new tokens were kept, and nobody asks again with the old ones.
        assert await fleet.ask(client, due, 0) == await fleet.ask(client, due, 1) == 200
        assert op.seen["token"] == 1
        assert set(fleet.answers) == {("page", 200), ("open", 200), ("ready", 200)}
        for which in (0, 1):
            assert await fleet.ask(client, leaves, which) == 401
            assert await fleet.ask(client, blocked, which) == 403
        await comes_true(lambda: _well(fleet, client))
    # The sentinel looks at its new master a moment longer than the gateways, which are connected already.
    data = await comes_true(lambda: _status(fleet))
    assert (len(data["workers"]), data["replica"], data["differences"]) == (2, False, {})
    assert {abs(each["clock_ahead"]) < 1 for each in data["workers"]} == {True}


async def test_what_a_command_ended_stays_ended_where_a_new_master_does_not_know_of_it(fleet: Fleet) -> None:
    """The gateways carried it out, so they remember it: the command itself is long over."""
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=20) as client,
        Redis(port=fleet.old.port) as master,
    ):
        ticket = await fleet.session(_BLOCKED)
        (name,) = await master.keys("*:session:*")
        earlier = await master.dump(name)
        command = ("sessions", "revoke", "--organisation", _BLOCKED, "--wait")
        done = await asyncio.to_thread(fleet.command, *command)
        assert (done.exit_code, "ENDED" in done.output) == (0, True), done.output
        await master.restore(name, 3_600_000, earlier)
        await master.client_kill_filter(_type="normal", skipme=True)
        await comes_true(lambda: _logs_in(fleet, client))
        assert await master.exists(name) == 0
        for which in (0, 1):
            assert await fleet.ask(client, ticket, which) == 401


async def _copied(fleet: Fleet) -> None:
    """What was written so far has reached the replica, which the sentinel knows."""
    async with Redis(port=fleet.old.port) as master:
        assert await master.wait(1, 10_000) == 1


async def _logs_in(fleet: Fleet, client: httpx2.AsyncClient) -> bool:
    """Both gateways write to the new master: a session ends at each."""
    try:
        for which in (0, 1):
            ticket = await fleet.session()
            if await fleet.ask(client, ticket, which, "/oauth2/logout/local", "POST") != 200:
                return False
    except Exception:  # noqa: BLE001 - there is no master yet
        return False
    return True


async def _well(fleet: Fleet, client: httpx2.AsyncClient) -> bool:
    return [await fleet.ready(client, which) for which in (0, 1)] == [(200, []), (200, [])]


async def _status(fleet: Fleet) -> dict[str, Any]:
    """What `gateway status` shows; nothing where it fails."""
    shown = await asyncio.to_thread(fleet.command, "status", "--json")
    return dict(json.loads(shown.output)) if shown.exit_code == 0 else {}
