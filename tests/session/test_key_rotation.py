"""Every key changes on two gateways that serve one site from one Redis server, in any order, while people use it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from typer.testing import CliRunner

from gateway.cli import application
from gateway.cli.key_rows import KeyRow, members_of, rows
from gateway.config import load
from gateway.keyring import PURPOSES
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import PAGE
from tests.two_machines import two_machines

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
_PATIENCE = 60.0
_PACE = 0.1
_BLOCKED = "stolen"
_FILES = ("session.key", "assertion.pem")


@dataclass
class Site:
    """Two machines that serve one site, each with its own folder of keys."""

    op: ScriptedProvider
    configs: list[Path]
    ports: list[int]
    wrong: list[str] = field(default_factory=list)
    logins: int = 0
    requests: int = 0

    def command(self, which: int, *arguments: str, typed: str | None = None) -> None:
        """Run a command on this machine; in this process, which takes less time."""
        given = [*arguments, "--env", "ti", "--config", str(self.configs[which])]
        done = CliRunner().invoke(application(given), given, input=typed)
        assert done.exit_code == 0, done.output

    def rotate(self, which: int, *purposes: str) -> None:
        self.command(which, "keys", "rotate", *purposes)

    def copy_keys(self, source: int, target: int) -> None:
        """As an operator copies them, file by file."""
        for name in _FILES:
            from_, to = (self.configs[each].parent / "secrets/ti" / name for each in (source, target))
            shutil.copy(from_, to.with_suffix(".part"))
            to.with_suffix(".part").chmod(0o600)
            to.with_suffix(".part").replace(to)

    def newest(self, which: int) -> dict[str, KeyRow]:
        """The newest key of each purpose on this machine."""
        settings = load(self.configs[which]).environment("ti")
        found: dict[str, KeyRow] = {}
        for row in rows(settings, members_of(settings, "ti"), (), time.time()):
            found.setdefault(row.purpose, row)
        return found

    async def until_newest(self, which: int, fits: Callable[[KeyRow], bool]) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not all(fits(row) for row in (await asyncio.to_thread(self.newest, which)).values()):
                await asyncio.sleep(0.1)

    async def some_logins(self) -> None:
        """Wait until a few more people have logged in."""
        before = self.logins
        async with asyncio.timeout(_PATIENCE):
            while self.logins < before + 4:
                await asyncio.sleep(0.02)

    async def get(self, client: httpx2.AsyncClient, which: int, path: str, cookie: str) -> httpx2.Response:
        headers = {**PAGE, "host": f"localhost:{self.ports[0]}", "cookie": cookie}
        return await client.get(f"http://127.0.0.1:{self.ports[which]}{path}", headers=headers)

    async def log_in(self, client: httpx2.AsyncClient, begin: int, end: int, path: str) -> str:
        """The session of a login that begins at one gateway and ends at the other; "" where it fails."""
        started = await self.get(client, begin, f"/oauth2/start?rd={quote(path, safe='')}", "")
        flow = started.headers.get("set-cookie", "").partition(";")[0]
        at_provider = await client.get(started.headers.get("location", ""))
        back = urlsplit(at_provider.headers.get("location", ""))
        ended = await self.get(client, end, f"{back.path}?{back.query}", flow)
        cookies = [line.partition(";")[0] for line in ended.headers.get_list("set-cookie")]
        session = [each for each in cookies if each.startswith("tgp-ti-session=")]
        if ended.status_code != 302 or not ended.headers["location"].endswith(path) or not session:
            self.wrong.append(f"login {begin}->{end}: {ended.status_code} {ended.headers.get('location')}")
            return ""
        self.logins += 1
        return session[0]

    async def person(self, client: httpx2.AsyncClient, stop: asyncio.Event, number: int) -> None:
        """Logs in now and then, with both gateways, and asks both for pages in between, with old sessions too."""
        sessions: list[str] = []
        while not stop.is_set():
            await asyncio.sleep(_PACE)
            session = await self.log_in(
                client, number % 2, (number + 1) % 2, f"/echo/{'x' * (300 * (number % 3))}"
            )
            if session:
                sessions = [*sessions[:3], session]
            for each in sessions:
                for which in (0, 1):
                    answer = await self.get(client, which, "/filed/1", each)
                    self.requests += 1
                    if answer.status_code != 200:
                        self.wrong.append(f"request at {which}: {answer.status_code}")
            number += 1

    async def blocked(self, client: httpx2.AsyncClient, stop: asyncio.Event, session: str) -> None:
        """Somebody who is blocked, and must be at every moment."""
        while not stop.is_set():
            await asyncio.sleep(_PACE)
            for which in (0, 1):
                answer = await self.get(client, which, "/filed/1", session)
                if answer.status_code != 403:
                    self.wrong.append(f"blocked person at {which}: {answer.status_code}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    limit = {"login_limit": {"burst": 100_000}}
    with two_machines(tmp_path, provider=limit, assertion={"announce": "0s"}) as machines:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(machines.start, (0, 1)))
        yield Site(machines.op, machines.configs, machines.ports)


@contextlib.asynccontextmanager
async def in_use(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """People use the site until the block ends, one of them blocked."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    async with httpx2.AsyncClient(trust_env=False, timeout=20, cookies=jar) as client:
        site.op.claims["sub"] = _BLOCKED
        session = await site.log_in(client, 0, 0, "/echo/")
        site.op.claims["sub"] = "alice"
        add = ("block", "add", "--sub", "--reason", "r")
        await asyncio.to_thread(site.command, 0, *add, typed=f"{_BLOCKED}\n")
        async with asyncio.timeout(_PATIENCE):
            for which in (0, 1):
                while (await site.get(client, which, "/filed/1", session)).status_code != 403:
                    await asyncio.sleep(0.02)
        stop = asyncio.Event()
        people = [site.person(client, stop, number) for number in range(2)]
        tasks = [asyncio.create_task(each) for each in (*people, site.blocked(client, stop, session))]
        try:
            yield client
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def test_no_login_request_or_block_is_lost(site: Site) -> None:
    async with in_use(site) as client:
        published = [(await site.get(client, which, "/.well-known/jwks.json", "")).json() for which in (0, 1)]
        assert published[0] == published[1]
        await asyncio.to_thread(site.rotate, 0, "all")
        # One machine alone has read the new keys: nobody uses them, and people go on.
        await site.until_newest(0, lambda row: len(row.waits_for) == 1)
        await site.some_logins()
        assert {row.state for row in (await asyncio.to_thread(site.newest, 0)).values()} == {"next"}
        announced = (await site.get(client, 0, "/.well-known/jwks.json", "")).json()["keys"]
        assert len(announced) == 2
        await asyncio.to_thread(site.copy_keys, 0, 1)
        await site.until_newest(0, lambda row: len(row.used_by) == 2)
        for purpose in ("assertion", *reversed(PURPOSES)):
            await asyncio.to_thread(site.rotate, 1, purpose)
        await asyncio.to_thread(site.copy_keys, 1, 0)
        await site.until_newest(1, lambda row: len(row.used_by) == 2)
        await site.some_logins()
    assert site.wrong == []
    assert site.logins > 10
    assert site.requests > 50
