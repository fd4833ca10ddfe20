"""Every key changes on two gateways that serve one site from one Redis server, in any order, while people use it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from joserfc.jws import extract_compact
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.cli.key_rows import KeyRow, members_of, rows
from gateway.config import EnvironmentSettings, load
from gateway.key_files.keyring import PURPOSES
from simulator.acm.clients import Client
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.gateway_fixture import PAGE, EchoUpstream
from tests.keys import client_keys
from tests.two_machines import two_machines

pytestmark = [pytest.mark.anyio, pytest.mark.redis]
_PATIENCE = 60.0
_PACE = 0.1
_BLOCKED = "stolen"
_FILES = ("secrets/ti/session.key", "secrets/ti/assertion.pem", "op-client.pem")
_AGREED = (*PURPOSES, "assertion")
"""What needs nobody but the gateways; the client's key also needs the provider."""

_FOR_REGISTER = "/.well-known/jwks.json"
_FOR_PROVIDER = "/oauth2/client-jwks.json"


@dataclass
class Site:
    """Two machines that serve one site, each with its own folder of keys. `at_acm`: the keys of the client, as ACM has them."""

    op: ScriptedProvider
    register: EchoUpstream
    configs: list[Path]
    ports: list[int]
    at_acm: Path
    settings: list[EnvironmentSettings]
    wrong: list[str] = field(default_factory=list)
    logins: int = 0
    requests: int = 0

    def run(self, which: int, *arguments: str, typed: str | None = None) -> Result:
        """Run a command on this machine; in this process, which takes less time."""
        given = [*arguments, "--env", "ti", "--config", str(self.configs[which])]
        return CliRunner().invoke(application(given), given, input=typed)

    def command(self, which: int, *arguments: str, typed: str | None = None) -> None:
        done = self.run(which, *arguments, typed=typed)
        assert done.exit_code == 0, done.output

    def rotate(self, which: int, *purposes: str) -> None:
        self.command(which, "keys", "rotate", *purposes)

    def copy_keys(self, source: int, target: int) -> None:
        """As an operator copies them, file by file."""
        for name in _FILES:
            from_, to = (self.configs[each].parent / name for each in (source, target))
            shutil.copy(from_, to.with_suffix(".part"))
            to.with_suffix(".part").chmod(0o600)
            to.with_suffix(".part").replace(to)

    def newest(self, which: int) -> dict[str, KeyRow]:
        """The newest key of each purpose on this machine."""
        settings = self.settings[which]
        found: dict[str, KeyRow] = {}
        for row in rows(settings, members_of(settings, "ti"), (), time.time()):
            found.setdefault(row.purpose, row)
        return found

    async def until_newest(
        self, which: int, fits: Callable[[KeyRow], bool], purposes: Collection[str] = _AGREED
    ) -> None:
        """Wait until this holds of the newest key for each of these purposes."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                newest = await asyncio.to_thread(self.newest, which)
                if all(fits(newest[each]) for each in purposes):
                    return
                await asyncio.sleep(0.1)

    async def published(self, client: httpx2.AsyncClient, which: int, path: str) -> list[str]:
        """The ids of the keys in this key set."""
        return [key["kid"] for key in (await self.get(client, which, path, "")).json()["keys"]]

    async def until_published(self, client: httpx2.AsyncClient, path: str, count: int) -> None:
        """Wait until both machines publish the same keys, so many."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                first, second = [await self.published(client, which, path) for which in (0, 1)]
                if set(first) == set(second) and len(first) == count:
                    return
                await asyncio.sleep(0.1)

    def register_at_acm(self, which: int, *, newest_only: bool = False) -> None:
        """ACM reads the key set that `gateway keys rotate` wrote."""
        written = json.loads((self.configs[which].parent / "op-client.jwks.json").read_text())
        keys = written["keys"][:1] if newest_only else written["keys"]
        self.at_acm.with_suffix(".part").write_text(json.dumps({"keys": keys}))
        self.at_acm.with_suffix(".part").replace(self.at_acm)

    async def use_client_key(self, first: int, second: int) -> None:
        """A new key of the client is known at ACM, then used at both machines; at last ACM forgets the earlier one."""
        newest = (await asyncio.to_thread(self.newest, first))["client"]
        assert newest.state == "next"
        refused = await asyncio.to_thread(self.run, first, "keys", "use", newest.id)
        assert refused.exit_code == 1, f"a key that ACM does not have is not used: {refused.output}"
        self.register_at_acm(first)
        await asyncio.to_thread(self.command, first, "keys", "use", newest.id)
        await self.some_logins()
        assert (await asyncio.to_thread(self.newest, second))["client"].used_by == ()
        await asyncio.to_thread(self.copy_keys, first, second)
        await self.until_newest(first, lambda row: len(row.used_by) == 2, {"client"})
        # Logins that began before have ended.
        await self.some_logins()
        before = len(self.op.requests)
        self.register_at_acm(first, newest_only=True)
        await self.some_logins()
        proofs = [form["client_assertion"] for what, form in self.op.requests[before:] if what == "token"]
        assert {_kid(each)[: len(newest.id)] for each in proofs} == {newest.id}

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
        at_acm = tmp_path / "acm.jwks.json"
        at_acm.write_text(json.dumps(client_keys(CLIENT_ID)[1]))
        acm = Client(CLIENT_ID, "Toegangspoort", jwks_file=at_acm)
        machines.op.client_key = lambda _proof: acm.public_keys()
        settings = [load(each).environment("ti") for each in machines.configs]
        yield Site(machines.op, machines.register, machines.configs, machines.ports, at_acm, settings)


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


async def change_everything(
    site: Site, client: httpx2.AsyncClient, first: int, second: int, done: int
) -> None:
    """Every key changes at `first` before `second`; so many changes were done before."""
    if first == 0:
        await asyncio.to_thread(site.command, first, "keys", "rotate", "all")
    else:
        for purpose in reversed((*_AGREED, "client")):
            await asyncio.to_thread(site.command, first, "keys", "rotate", purpose)
    # One machine alone has read the new keys: nobody uses them, and people go on.
    await site.until_newest(first, lambda row: len(row.waits_for) == 1)
    await site.some_logins()
    newest = await asyncio.to_thread(site.newest, first)
    assert {row.state for row in newest.values()} == {"next"}
    assert {*newest} == {*_AGREED, "client"}
    await asyncio.to_thread(site.copy_keys, first, second)
    for path in (_FOR_REGISTER, _FOR_PROVIDER):
        await site.until_published(client, path, done + 2)
    await site.until_newest(first, lambda row: len(row.used_by) == 2)
    await site.use_client_key(first, second)


async def test_no_login_request_or_block_is_lost(site: Site) -> None:
    async with in_use(site) as client:
        await change_everything(site, client, 0, 1, 0)
        await change_everything(site, client, 1, 0, 1)
        known = await site.published(client, 0, _FOR_REGISTER)
        await site.some_logins()
    assert site.wrong == []
    assert site.logins > 10
    assert site.requests > 50
    kids = [_kid(headers["x-toegangspoort-assertion"]) for _, _, headers, _ in site.register.seen]
    # The register was never sent what a published key did not sign, and each of the three keys did.
    assert set(kids) == set(known)
    assert len(known) == 3


def _kid(token: str) -> str:
    return str(extract_compact(token.encode()).headers()["kid"])
