"""Two gateway processes on one Redis server: one of them renews, and it may die over it."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from gateway.config import load
from gateway.model import Identity, Organisation, Right, Tokens
from gateway.session.sessions import Sessions
from tests.forked import Child
from tests.two_machines import Machines, two_machines

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
_IN_GRACE, _OUT_OF_GRACE = 1_000.0, 1_600.0
ANNA = Identity(
    issuer="", subject="alice", organisation=Organisation("0428315871"),
    rights=(Right("OVAMGebruiker", "NonConformiteitenIndiener", "0428315871"),),
)  # fmt: skip


@dataclass
class Two:
    """Two processes that serve one site."""

    machines: Machines
    children: dict[int, Child] = field(default_factory=dict)

    def start(self) -> None:
        """Start what does not run, both at once."""
        missing = [which for which in (0, 1) if which not in self.children]
        with ThreadPoolExecutor(2) as pool:
            self.children |= dict(zip(missing, pool.map(self.machines.start, missing), strict=True))

    def kill(self, which: int) -> None:
        self.children.pop(which).send_signal(signal.SIGKILL)

    async def due(self, *, ago: float) -> str:
        """The ticket of a session that was checked so many seconds ago."""
        environment = load(self.machines.configs[0]).environment("ti")
        past = time.time() - ago
        sessions = Sessions(environment.session, environment="ti", secure=False, clock=lambda: past)
        await sessions.start(sweep=False)
        token = f"refresh-{time.monotonic_ns()}"
        self.machines.op.refresh_tokens[token] = "alice"
        _, ticket = await sessions.create(ANNA, Tokens("access", token))
        await sessions.aclose()
        return ticket

    async def ask(self, client: httpx2.AsyncClient, ticket: str, which: int) -> httpx2.Response:
        headers = {"cookie": f"tgp-ti-session={ticket}", "host": f"localhost:{self.machines.ports[0]}"}
        return await client.get(f"http://127.0.0.1:{self.machines.ports[which]}/filed/1", headers=headers)


@pytest.fixture(scope="module")
def all_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_machines(tmp_path_factory.mktemp("two"), provider={"timeout": "1500ms"}) as machines:
        yield Two(machines)


@pytest.fixture
def two(all_of: Two) -> Two:
    all_of.start()
    all_of.machines.op.seen.clear()
    return all_of


async def test_two_hundred_requests_cause_one_refresh(two: Two) -> None:
    ticket = await two.due(ago=_OUT_OF_GRACE)
    two.machines.op.claims["ovam_rol_3d"] = [
        *two.machines.op.claims["ovam_rol_3d"],
        "OVAMGebruiker-NonConformiteitenLezer:0428315871",
    ]
    async with httpx2.AsyncClient(
        trust_env=False, timeout=20, limits=httpx2.Limits(max_connections=200)
    ) as client:
        answers = await asyncio.gather(*(two.ask(client, ticket, number % 2) for number in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert two.machines.op.seen["token"] == 1
    assert all("Lezer" in answer.json()["rights"] for answer in answers)
    tickets = {answer.headers["set-cookie"].partition(";")[0] for answer in answers}
    assert len(tickets) == 1


@pytest.mark.parametrize(
    "consumed", [True, False], ids=["its refresh token is used up", "it was not answered"]
)
async def test_the_death_of_the_winner_does_not_end_the_session(two: Two, consumed: bool) -> None:
    ticket = await two.due(ago=_IN_GRACE)
    asked, go_on, again = threading.Event(), threading.Event(), threading.Event()

    def slowly(form: dict[str, str]) -> Response | None:
        two.machines.op.answers["token"] = taken_over
        asked.set()
        go_on.wait(60)
        if consumed:
            two.machines.op.refresh_tokens.pop(form["refresh_token"])
        return JSONResponse({"error": "server_error"}, 503)

    def taken_over(_form: dict[str, str]) -> None:
        two.machines.op.answers.pop("token")
        again.set()

    answers: dict[str, Any] = two.machines.op.answers
    answers["token"] = slowly
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        assert (await two.ask(client, ticket, 0)).status_code == 200
        assert await asyncio.to_thread(asked.wait, 60)
        found = await asyncio.gather(*(two.ask(client, ticket, 1) for _ in range(20)))
        assert {answer.status_code for answer in found} == {200}
        two.kill(0)
        go_on.set()
        assert await asyncio.to_thread(again.wait, 60)
        assert (await two.ask(client, ticket, 1)).status_code == 200
        assert two.machines.op.seen["token"] == 2
