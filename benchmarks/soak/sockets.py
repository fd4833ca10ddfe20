"""WebSockets of well-behaved people: every message comes back, with the right name."""

from __future__ import annotations

import asyncio
import time

from benchmarks.soak.ledger import Lost
from benchmarks.soak.people import People, Person
from tests.websockets import CLOSE, KEY, TEXT, Frame, close, frame, take_frame

_TALK_SECONDS = 15.0
_BETWEEN_SECONDS = 0.25
_PATIENCE = 60.0


class Sockets:
    """What people do over WebSockets, until the ledger says that it is over."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._ledger = people.ledger

    async def talks(self, person: Person) -> None:
        """One WebSocket after the other."""
        while not self._ledger.over.is_set():
            with self._ledger.one("websocket"):
                await self._talk(person)

    async def _talk(self, person: Person) -> None:
        asked = {
            "cookie": person.cookie, "origin": self._people.target.url, "connection": "upgrade",
            "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": KEY,
        }  # fmt: skip
        async with self._people.client() as client:
            status, _ = await client.begin("GET", "/echo/socket", asked)
            if status != 101:
                raise Lost(f"status {status}")
            reading = _Reading(client.reader)
            end, number = time.monotonic() + _TALK_SECONDS, 0
            while time.monotonic() < end and not self._ledger.over.is_set():
                number += 1
                client.writer.write(frame(TEXT, str(number).encode(), masked=True))
                answer = await reading.next()
                if answer.payload.decode() != f"{person.user} {number}":
                    raise Lost(f"{answer} for {number}")
                await self._ledger.pause(_BETWEEN_SECONDS)
            client.writer.write(close(1000, masked=True))
            last = await reading.next()
            if (last.opcode, last.code) != (CLOSE, 1000):
                raise Lost(f"{last} at the end")


class _Reading:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._data = b""

    async def next(self) -> Frame:
        async with asyncio.timeout(_PATIENCE):
            while not (found := take_frame(self._data)):
                part = await self._reader.read(65_536)
                if not part:
                    raise Lost("the connection ended")
                self._data += part
        each, self._data = found
        return each
