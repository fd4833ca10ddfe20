"""Two gateway processes on one Redis server: one of them renews, and it may die over it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from gateway.config import load
from gateway.model import Identity, Organisation, Right, Tokens
from gateway.session.sessions import Sessions
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import OPEN_RULES, EchoUpstream, scripted_provider, scripted_settings
from tests.gateways import settings, write_config
from tests.processes import gateway_process
from tests.redis_server import running_redis
from tests.running import free_socket, serving

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
ANNA = Identity(
    issuer="", subject="alice", organisation=Organisation("0428315871"),
    rights=(Right("OVAMGebruiker", "NonConformiteitenIndiener", "0428315871"),),
)  # fmt: skip


@dataclass
class Two:
    """Two processes that serve one site."""

    op: ScriptedProvider
    configs: list[Path]
    ports: list[int]
    stack: contextlib.ExitStack
    children: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start what does not run, both at once."""
        missing = [which for which in (0, 1) if which not in self.children]
        with ThreadPoolExecutor(2) as pool:
            self.children |= dict(zip(missing, pool.map(self._process, missing), strict=True))

    def kill(self, which: int) -> None:
        self.children.pop(which).send_signal(signal.SIGKILL)

    def _process(self, which: int) -> subprocess.Popen[bytes]:
        ready = f"http://localhost:{self.ports[2 + which]}/readyz"
        return self.stack.enter_context(gateway_process(self.configs[which], "ti", ready))

    async def due(self) -> str:
        """The ticket of a session that must be rechecked now."""
        environment = load(self.configs[0]).environment("ti")
        past = time.time() - 1_000.0
        sessions = Sessions(environment.session, environment="ti", secure=False, clock=lambda: past)
        await sessions.start(sweep=False)
        token = f"refresh-{time.monotonic_ns()}"
        self.op.refresh_tokens[token] = "alice"
        _, ticket = await sessions.create(ANNA, Tokens("access", token))
        await sessions.aclose()
        return ticket

    async def ask(self, client: httpx2.AsyncClient, ticket: str, which: int) -> httpx2.Response:
        headers = {"cookie": f"tgp-ti-session={ticket}", "host": f"localhost:{self.ports[0]}"}
        return await client.get(f"http://127.0.0.1:{self.ports[which]}/filed/1", headers=headers)


@pytest.fixture(scope="module")
def all_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    tmp_path = tmp_path_factory.mktemp("two")
    upstream = EchoUpstream()
    ports = []
    for _ in range(4):
        sock = free_socket()
        ports.append(sock.getsockname()[1])
        sock.close()
    with (
        tempfile.TemporaryDirectory(prefix="gw-redis-") as place,
        running_redis(Path(place)) as redis,
        scripted_provider() as op,
        serving(upstream.app, lifespan="off") as behind,
        contextlib.ExitStack() as stack,
    ):
        configs = []
        for which in range(2):
            folder = tmp_path / str(which)
            folder.mkdir()
            environment = settings(
                folder, name="ti", gateway_url=f"http://localhost:{ports[0]}", acm_url="", upstream_url=behind.url,
                provider=scripted_settings(folder, op, timeout="700ms"), listen=f"127.0.0.1:{ports[which]}",
                observe={"listen": f"127.0.0.1:{ports[2 + which]}"}, session={"store": redis.url},
            )  # fmt: skip
            configs.append(write_config(folder, {"ti": environment}, rules=OPEN_RULES))
        yield Two(op, configs, ports, stack)


@pytest.fixture
def two(all_of: Two) -> Two:
    all_of.start()
    all_of.op.seen.clear()
    return all_of


async def test_two_hundred_requests_cause_one_refresh(two: Two) -> None:
    ticket = await two.due()
    two.op.claims["ovam_rol_3d"] = [
        *two.op.claims["ovam_rol_3d"],
        "OVAMGebruiker-NonConformiteitenLezer:0428315871",
    ]
    async with httpx2.AsyncClient(
        trust_env=False, timeout=20, limits=httpx2.Limits(max_connections=200)
    ) as client:
        answers = await asyncio.gather(*(two.ask(client, ticket, number % 2) for number in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert two.op.seen["token"] == 1
    assert all("Lezer" in answer.json()["rights"] for answer in answers)
    tickets = {answer.headers["set-cookie"].partition(";")[0] for answer in answers}
    assert len(tickets) == 1


@pytest.mark.parametrize(
    "consumed", [True, False], ids=["its refresh token is used up", "it was not answered"]
)
async def test_the_death_of_the_winner_does_not_end_the_session(two: Two, consumed: bool) -> None:
    ticket = await two.due()
    asked, go_on = threading.Event(), threading.Event()

    def slowly(form: dict[str, str]) -> Response | None:
        two.op.answers.pop("token")
        asked.set()
        go_on.wait(10)
        if consumed:
            two.op.refresh_tokens.pop(form["refresh_token"])
        return JSONResponse({"error": "server_error"}, 503)

    answers: dict[str, Any] = two.op.answers
    answers["token"] = slowly
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        doomed = asyncio.create_task(two.ask(client, ticket, 0))
        assert await asyncio.to_thread(asked.wait, 10)
        waiting = [asyncio.create_task(two.ask(client, ticket, 1)) for _ in range(20)]
        await asyncio.sleep(0)
        two.kill(0)
        go_on.set()
        with pytest.raises(httpx2.HTTPError):
            await doomed
        found = await asyncio.gather(*waiting)
        assert {answer.status_code for answer in found} == {200}
        assert two.op.seen["token"] == 2
        assert (await two.ask(client, ticket, 1)).status_code == 200
