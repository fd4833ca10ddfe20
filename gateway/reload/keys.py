"""Keys going live: their files are watched, and a new key is used once every process that shares the store has it.

Until then each process opens what the new key sealed, and goes on with the key that all have. So the machines of an
environment can get a new key in any order, at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from gateway.background import Loop
from gateway.errors import StoreUnavailable
from gateway.events import KeyChanged, OnEvent
from gateway.fleet.members import LASTS_SECONDS, TOPIC, Member, read_members
from gateway.key_files.keyring import SHOWN, Key, KeyChoice, Ring, agreed_key, in_order
from gateway.observe.health import HealthStatus
from gateway.watcher import Watcher

log = structlog.get_logger()

LOOK_EVERY: Final = 1.0
# A file that is being written is read once it has stayed the same for this many seconds.
_QUIET: Final = 0.2
ANNOUNCE_EVERY: Final = 2.0
# So often in a row a process may be missing before it counts as gone: a store that came back empty gets what each says again.
_MISSING: Final = 3


class Announcements(Protocol):
    """Where the processes of an environment see what each of them says: the session store.

    Every method raises StoreUnavailable.
    """

    async def entries(self, topic: str, *, now: float) -> dict[str, bytes]:
        """The valid entries of a topic, by name."""

    async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
        """Keep an entry until a moment."""

    async def drop_entry(self, topic: str, name: str) -> bool:
        """Forget an entry."""

    async def time(self) -> float | None:
        """The time of day by its own clock; None where it has none."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where keys for one purpose come from. `read` raises ValueError; it waits for the disk.

    A new key is used once all have had it for `announced_for` seconds.
    """

    paths: tuple[Path, ...]
    read: Callable[[], KeyChoice]
    announced_for: float = 0.0


class RingSource(KeySource):
    """The keys of a ring. `use` gets them, the one to use first.

    A file with room for one key does not have the earlier one after it was replaced: that is remembered here.
    """

    def __init__(self, ring: Ring, use: Callable[[Sequence[Key]], None]) -> None:
        remembered: dict[str, Key] = {}

        def read() -> KeyChoice:
            found = {key.id: key for key in ring.read()}
            if not ring.keeps_several:
                found |= {name: key for name, key in remembered.items() if name not in found}
            return KeyChoice(dict.fromkeys(found, 0.0), lambda first: take(found, first))

        def take(found: Mapping[str, Key], first: str) -> None:
            remembered.clear()
            remembered.update(found)
            use(in_order(tuple(found.values()), first))

        super().__init__(ring.paths, read)


class KeyReload:
    """The keys in force in this process, by purpose. `clock` gives seconds since the epoch.

    It looks at the files every `look_every` seconds, and at what the others say every `announce_every`. `read_again` are other files with secrets, each with a function that reads them and may raise ValueError.
    """

    def __init__(
        self,
        sources: Mapping[str, KeySource],
        store: Announcements,
        read_again: Iterable[tuple[tuple[Path, ...], Callable[[], Any]]] = (),
        *,
        clock: Callable[[], float],
        on_event: OnEvent,
        announce_every: float = ANNOUNCE_EVERY,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._sources = sources
        self._store = store
        self._read_again = tuple(read_again)
        self._clock = clock
        self._on_event = on_event
        self._choices: dict[str, KeyChoice] = {}
        self._used: dict[str, tuple[str, float]] = {}
        # By how much the clock of this machine is ahead of the store's, by which all judge how long a key was announced.
        self._ahead = 0.0
        self._member = secrets.token_hex(8)
        self._others: tuple[Member, ...] = ()
        self._missing: Mapping[tuple[str, int], int] = {}
        self._unread: tuple[str, ...] = ()
        self._unreached = ""
        self._lacking: tuple[str, ...] = ()
        paths = [path for source in sources.values() for path in source.paths]
        paths += [path for several, _ in self._read_again for path in several]
        self._watcher = Watcher(
            lambda: tuple(dict.fromkeys(paths)),
            self._reload,
            look_every=look_every,
            quiet=_QUIET,
            name="keys",
            on_event=on_event,
        )
        self._loop = Loop("key agreement", self._turn, pause=announce_every, on_event=on_event)
        self._started = False

    async def start(self) -> None:
        """Read the keys and agree with the others. Raises ValueError, StoreUnavailable."""
        await self._watcher.start()
        for purpose, source in self._sources.items():
            self._choices[purpose] = await asyncio.to_thread(source.read)
        await self._agree()
        self._started = True
        self._loop.start()

    async def aclose(self) -> None:
        """Stop watching, and tell the others not to wait for this process."""
        await self._watcher.aclose()
        await self._loop.aclose()
        if self._started:
            self._started = False
            with contextlib.suppress(StoreUnavailable):
                await self._store.drop_entry(TOPIC, self._member)

    async def check(self) -> HealthStatus:
        """What is wrong with the keys; the gateway stays ready, because those in force stay."""
        trouble = "; ".join(filter(None, (*self._unread, *self._lacking, self._unreached)))
        return HealthStatus(True, trouble, degraded=bool(trouble))

    async def _turn(self, _asked: bool) -> None:
        try:
            await self._agree()
        except StoreUnavailable as problem:
            if not self._unreached:
                log.error("no agreement about keys; those in force stay", reason=problem.detail)
            self._unreached = f"no agreement with other processes: {problem.detail}"

    async def _reload(self) -> bool:
        problems: list[str] = []
        for purpose, source in self._sources.items():
            try:
                choice = await asyncio.to_thread(source.read)
            except ValueError as problem:
                problems.append(str(problem))
                continue
            if tuple(choice.since) != tuple(self._choices[purpose].since):
                log.info("keys read", purpose=purpose, ids=[each[:SHOWN] for each in choice.since])
            self._choices[purpose] = choice
        for _, read in self._read_again:
            try:
                await asyncio.to_thread(read)
            except ValueError as problem:
                problems.append(str(problem))
        self._unread = tuple(dict.fromkeys(problems))
        for each in self._unread:
            log.error("a key cannot be read; the one in force stays", reason=each)
        # What others may seal with a new key must open here before they know that it is here.
        self._take(keep=True)
        await self._agree()
        return True

    async def _agree(self) -> None:
        there = await self._store.time()
        self._ahead = self._clock() - there if there is not None else 0.0
        await self._announce()
        self._others = self._with_missing(
            read_members(await self._store.entries(TOPIC, now=self._clock()), without=self._member)
        )
        self._unreached = ""
        if self._take():
            await self._announce()
        before, self._lacking = self._lacking, tuple(dict.fromkeys(self._lacks()))
        for each in self._lacking:
            if each not in before:
                log.error("a key is missing here", reason=each)

    def _with_missing(self, found: tuple[Member, ...]) -> tuple[Member, ...]:
        here = {(each.host, each.pid) for each in found}
        missing = {(each.host, each.pid): each for each in self._others if (each.host, each.pid) not in here}
        self._missing = {name: self._missing.get(name, 0) + 1 for name in missing}
        return (*found, *(each for name, each in missing.items() if self._missing[name] <= _MISSING))

    async def _announce(self) -> None:
        accepts = {purpose: self._since(choice) for purpose, choice in self._choices.items()}
        said = {"host": socket.gethostname(), "pid": os.getpid(), "accepts": accepts, "uses": self._used}
        until = self._clock() + LASTS_SECONDS
        await self._store.put_entry(TOPIC, self._member, json.dumps(said).encode("ascii"), until=until)

    def _since(self, choice: KeyChoice) -> dict[str, float]:
        """By the store's clock. Where this machine's was set since then, nobody knows which moment is meant: the later one."""
        return {
            key: max(since, since - self._ahead) if since else since for key, since in choice.since.items()
        }

    def _take(self, *, keep: bool = False) -> bool:
        """Put the keys in force; whether another one is used. With `keep`, the one in use stays, where it is there."""
        changed = False
        for purpose, choice in self._choices.items():
            before = self._used.get(purpose)
            first = before[0] if keep and before is not None and before[0] in choice.since else None
            if first is None:
                others = (each.accepts[purpose] for each in self._others if purpose in each.accepts)
                announced_for = self._sources[purpose].announced_for
                now = self._clock() - self._ahead
                first = agreed_key(self._since(choice), others, announced_for=announced_for, now=now)
            if not keep and before is not None and before[0] == first:
                continue
            choice.take(first)
            if before is None or before[0] != first:
                changed = True
                self._used[purpose] = (first, self._clock())
                log.info("key in use", purpose=purpose, id=first[:SHOWN])
            if before is not None and before[0] != first:
                self._on_event(KeyChanged(purpose, before[0][:SHOWN], first[:SHOWN]))
        return changed

    def _lacks(self) -> Iterable[str]:
        for each in self._others:
            for purpose, (key, _) in each.uses.items():
                if purpose in self._choices and key not in self._choices[purpose].since:
                    yield f"{each.host} uses the key {key[:SHOWN]} for {purpose}, which this process does not have"
