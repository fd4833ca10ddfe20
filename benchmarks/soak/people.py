"""Well-behaved clients, and operators at work. All of them come from one address."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import time
import zlib
from collections.abc import Coroutine
from typing import Any

from benchmarks.soak.client import Answer, Client, read_body
from benchmarks.soak.gateway import Target
from benchmarks.soak.ledger import Ledger, Lost
from benchmarks.soak.register import BLOCK
from gateway.blocks import block_list as blocks
from gateway.blocks.block_list import Block
from gateway.config import load
from simulator.login import LoginEnded, login

_PERSONAS = ("indiener", "zonder-recht", "verkeerde-context", "buitenland")
_BLOCKED, _ITS_ORGANISATION = "ovam", "OVO999001"
_DOWNLOAD, _UPLOAD = 100_000_000, 4_000_000
_STREAM_SECONDS = 20.0
_PATIENCE = 60.0
_CALL = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}


class Person:
    """Somebody who is logged in, and whom the register knows by `user`."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie
        self.user = ""

    @property
    def headers(self) -> dict[str, str]:
        return {**_CALL, "cookie": self.cookie}

    def take(self, answer: Answer) -> None:
        """Keep a session cookie that was replaced."""
        for pair in answer.cookies:
            if "-session=" in pair:
                self.cookie = pair


class People:
    """What they all do, until the ledger says that it is over."""

    def __init__(self, target: Target, ledger: Ledger) -> None:
        self.target = target
        self.ledger = ledger
        self._numbers = itertools.count(1)
        self._crc = 0
        left = _DOWNLOAD
        while left:
            self._crc = zlib.crc32(BLOCK[:left], self._crc)
            left -= len(BLOCK[:left])

    def client(self) -> Client:
        return Client(self.target.host, self.target.port)

    async def log_in(self, persona: str) -> Person:
        """Somebody new. Raises Lost."""
        try:
            cookie = await asyncio.to_thread(login, self.target.url, persona, timeout=_PATIENCE)
        except LoginEnded as problem:
            raise Lost(str(problem)) from problem
        person = Person(cookie)
        async with self.client() as client:
            person.user = (await self.page(client, person))["user"]
        return person

    async def page(self, client: Client, person: Person, below: str = "/echo") -> dict[str, Any]:
        """One ordinary request. Raises Lost."""
        number = str(next(self._numbers))
        async with asyncio.timeout(_PATIENCE):
            answer = await client.ask("GET", f"{below}/page?{number}", person.headers)
        person.take(answer)
        if answer.status != 200:
            raise Lost(f"status {answer.status}")
        found: dict[str, Any] = json.loads(answer.body)
        if found["query"] != number:
            raise Lost("the answer to another request")
        if not found["user"] or (person.user and found["user"] != person.user):
            raise Lost("another person's answer")
        return found

    def all(self, people: list[Person], blocked: Person) -> list[Coroutine[Any, Any, None]]:
        """Everything that goes on."""
        every = self.ledger.every
        return [
            *(self.reads(person) for person in people for _ in range(2)),
            *(self.streams(person) for person in people),
            *(self.reads(person, "page of the pair", "/pair") for person in people),
            self.target.pair.fails_and_returns(self.ledger),
            every(3.0, self.comes_and_goes),
            every(8.0, lambda: self.downloads(people[0])),
            every(4.0, lambda: self.uploads(people[1])),
            every(5.0, lambda: self.looks_at_access(people[2])),
            every(20.0, self.reload),
            every(15.0, lambda: self.block(blocked)),
        ]

    async def reads(self, person: Person, kind: str = "page", below: str = "/echo") -> None:
        """Ten pages a second over one connection, which is opened anew now and then."""
        while not self.ledger.over.is_set():
            with self.ledger.one("connection"):
                async with self.client() as client:
                    for _ in range(100):
                        with self.ledger.one(kind):
                            await self.page(client, person, below)
                        await self.ledger.pause(0.1)

    async def comes_and_goes(self) -> None:
        with self.ledger.one("login, logout"):
            person = await self.log_in(_PERSONAS[next(self._numbers) % len(_PERSONAS)])
            async with asyncio.timeout(_PATIENCE), self.client() as client:
                answer = await client.ask("POST", "/oauth2/logout/local", person.headers)
                after = await client.ask("GET", "/echo/page?1", person.headers)
            if (answer.status, after.status) != (200, 401):
                raise Lost(f"logout {answer.status}, then {after.status}")

    async def downloads(self, person: Person) -> None:
        with self.ledger.one("download"):
            async with asyncio.timeout(_PATIENCE), self.client() as client:
                status, headers = await client.begin("GET", f"/echo/download?{_DOWNLOAD}", person.headers)
                crc = size = 0
                async for part in read_body(client.reader, headers):
                    crc, size = zlib.crc32(part, crc), size + len(part)
            if (status, size, crc) != (200, _DOWNLOAD, self._crc):
                raise Lost(f"status {status}, {size} bytes, wrong={crc != self._crc}")

    async def uploads(self, person: Person) -> None:
        with self.ledger.one("upload"):
            body = os.urandom(1024) * (_UPLOAD // 1024)
            async with asyncio.timeout(_PATIENCE), self.client() as client:
                answer = await client.ask("POST", "/echo/upload", person.headers, body)
            if (answer.status, answer.body) != (200, hashlib.sha256(body).hexdigest().encode()):
                raise Lost(f"status {answer.status}: {answer.body[:80]!r}")

    async def streams(self, person: Person) -> None:
        """One stream after the other: each event must come, and be of this person."""
        while not self.ledger.over.is_set():
            with self.ledger.one("stream"):
                async with self.client() as client:
                    status, headers = await client.begin("GET", "/echo/events", person.headers)
                    if status != 200:
                        raise Lost(f"status {status}")
                    end = time.monotonic() + _STREAM_SECONDS
                    parts = read_body(client.reader, headers)
                    text = b""
                    while time.monotonic() < end and not self.ledger.over.is_set():
                        text += await asyncio.wait_for(anext(parts), _PATIENCE)
                    seen = text.decode().split("\n\n")[:-1]
                    if seen != [f"data: {person.user} {number}" for number in range(len(seen))]:
                        raise Lost("wrong events")

    async def looks_at_access(self, person: Person) -> None:
        with self.ledger.one("my access"):
            async with asyncio.timeout(_PATIENCE), self.client() as client:
                answer = await client.ask("GET", "/oauth2/access", person.headers)
            if answer.status != 200:
                raise Lost(f"status {answer.status}")

    # Operators

    async def reload(self) -> None:
        """One of 5,000 rules changes; the new one is in force when its path answers."""
        with self.ledger.one("reload"):
            number = next(self._numbers)
            await asyncio.to_thread(self._change_rules, number)
            await self._until(f"/changed/{number}/x", 200)

    def _change_rules(self, number: int) -> None:
        path = self.target.config
        head, mark, rest = path.read_text().partition("/changed/")
        fresh = path.with_suffix(".new")
        fresh.write_text(f"{head}{mark}{number}{rest[rest.index('/') :]}")
        fresh.replace(path)

    async def block(self, person: Person) -> None:
        """Somebody is blocked, and let in again."""
        with self.ledger.one("block"):
            block = Block(
                f"b-{time.time_ns()}", "organisation", _ITS_ORGANISATION, "", "benchmark", time.time()
            )
            await self._change_blocks((block,))
            await self._until("/echo/page?1", 403, person)
            await self._change_blocks(())
            await self._until("/echo/page?1", 200, person)

    async def _change_blocks(self, now: tuple[Block, ...]) -> None:
        path = self._blocks
        await asyncio.to_thread(blocks.change, path, "ti", lambda _earlier: now)

    async def _until(self, path: str, status: int, person: Person | None = None) -> None:
        end = time.monotonic() + _PATIENCE
        async with self.client() as client:
            while True:
                answer = await client.ask("GET", path, person.headers if person is not None else _CALL)
                if answer.status == status:
                    return
                if time.monotonic() > end or answer.status >= 500:
                    raise Lost(f"{answer.status} instead of {status}")
                await asyncio.sleep(0.1)

    async def arrive(self) -> tuple[list[Person], Person]:
        """The people, logged in, and the one who will be blocked."""
        self._blocks = (await asyncio.to_thread(load, self.target.config)).blocks_file("ti")
        return [await self.log_in(persona) for persona in _PERSONAS], await self.log_in(_BLOCKED)
