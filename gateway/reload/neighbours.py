"""Environments must share nothing: each gateway leaves its environment's card where another could meet it, and reads theirs.

Cards meet in a session store that two environments use, and in the folder where a machine keeps its files.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from gateway.atomic_file import replace
from gateway.background import Loop
from gateway.config import Config
from gateway.config.card import Card, card_of, read_card, signed
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent
from gateway.observe.health import HealthStatus
from gateway.session.store import Store

log = structlog.get_logger()

CARDS: Final = "/cards"
"""The topic of the cards in a store: the same for all environments that use it."""

_LASTS_SECONDS: Final = 7 * 86_400.0
_LOOK_EVERY: Final = 60.0
_SUFFIX: Final = ".card.json"


def cards_in(folder: Path) -> Iterator[tuple[str, Card]]:
    """(where, card) of each card in a folder; what is none is left out. Reads the disk."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            if path.is_file():
                yield str(path), read_card(path.read_bytes())
        except (OSError, ValueError) as problem:
            log.warning("an environment card cannot be read", path=str(path), reason=str(problem))


async def cards_on(store: Store, now: float) -> list[tuple[str, Card]]:
    """(its name, card) of each card in the session store. Raises StoreUnavailable."""
    found: list[tuple[str, Card]] = []
    for name, content in (await store.entries(CARDS, now=now)).items():
        try:
            found.append((name, read_card(content)))
        except ValueError as problem:
            log.warning(
                "an environment card in the session store cannot be read", card=name, reason=str(problem)
            )
    return found


class Neighbours:
    """The cards of other environments that can be met, for the environment of this process."""

    def __init__(
        self,
        config: Config,
        environment: str,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        on_event: OnEvent,
        look_every: float = _LOOK_EVERY,
    ) -> None:
        self._environment = environment
        self._settings = config.environment(environment)
        self._folder = config.blocks_file(environment).parent
        self._store = store
        self._clock = clock
        self._told: dict[str, str] = {}
        self._loop = Loop("environment cards", self._turn, pause=look_every, on_event=on_event)

    async def start(self) -> None:
        """Leave the card, and go on looking. Raises ValueError where another environment shares something with this one."""
        card, text = await self._own()
        # Who is refused leaves no card: the other environment, which was first, must be able to start again.
        self._refuse(await self.found(card))
        await self._leave(card, text)
        # Another one may have started at the same moment: one of both finds the card of the other.
        if found := await self.found(card):
            await self._store.drop_entry(CARDS, _name(card))
            self._refuse(found)
        self._loop.start()

    async def aclose(self) -> None:
        """Stop looking; the card stays."""
        await self._loop.aclose()

    async def check(self) -> HealthStatus:
        """What is shared; the gateway is ready all the same."""
        return HealthStatus(True, "; ".join(self._told.values()))

    async def found(self, card: Card) -> Mapping[str, str]:
        """What each other environment shares with this one, by who it is. Raises StoreUnavailable."""
        here = await asyncio.to_thread(lambda: list(cards_in(self._folder)))
        stored = await cards_on(self._store, self._clock())
        return conflicts(card, here, stored)

    async def _own(self) -> tuple[Card, str]:
        def made() -> tuple[Card, str]:
            card = card_of(self._environment, self._settings, self._clock())
            return card, signed(card, self._settings)

        return await asyncio.to_thread(made)

    async def _leave(self, card: Card, text: str) -> None:
        until = self._clock() + _LASTS_SECONDS
        await self._store.put_entry(CARDS, _name(card), text.encode(), until=until)
        await asyncio.to_thread(self._keep, card, text)

    def _keep(self, card: Card, text: str) -> None:
        path = self._folder / f"{card.environment}{_SUFFIX}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(path, text.encode())
        except OSError as problem:
            log.info("no environment card is kept on this machine", path=str(path), reason=problem.strerror)

    def _refuse(self, found: Mapping[str, str]) -> None:
        if found:
            raise ValueError("; ".join(found.values()))

    async def _turn(self, _asked: bool) -> None:
        card, text = await self._own()
        try:
            await self._leave(card, text)
            found = await self.found(card)
        except StoreUnavailable:
            return  # The check of the sessions says so.
        for who, words in found.items():
            if self._told.get(who) != words and await self._first(who, words):
                log.error("two environments share something", reason=words)
        self._told = dict(found)

    async def _first(self, who: str, words: str) -> bool:
        """Whether no other process of this environment has said it yet."""
        name = hashlib.sha256(f"card {self._environment} {who} {words}".encode()).digest()
        now = self._clock()
        try:
            return await self._store.put_value(name, b"1", until=now + _LASTS_SECONDS, now=now)
        except StoreUnavailable:
            return True


def conflicts(
    card: Card, here: Sequence[tuple[str, Card]], stored: Sequence[tuple[str, Card]] = ()
) -> Mapping[str, str]:
    """One message for each other environment that shares something with that of the card, by its name.

    `here` are cards from files, `stored` those from the session store that this environment uses: a card there is
    proof that the store is shared.
    """
    found: dict[str, list[str]] = {}
    wheres: dict[str, str] = {}
    for where, other in here:
        found.setdefault(other.environment, []).extend(card.shared(other))
        wheres.setdefault(other.environment, where)
    for name, other in stored:
        if not card.is_of(other):
            named = [*found.get(other.environment, ()), *card.shared(other)]
            shared = [each for each in named if not each.startswith("store ")]
            found[other.environment] = ["session store", *shared]
            # A card stays for a week after its gateway was last heard.
            wheres[other.environment] = (
                f"{name} in the session store; if it uses this store no more, `gateway config card --forget {name}`"
            )
    return {
        who: (
            f"environments {card.environment!r} and {who!r} share: {', '.join(dict.fromkeys(several))}; each needs its own"
            f" (the card of {who!r}: {wheres[who]})"
        )
        for who, several in found.items()
        if several
    }


def _name(card: Card) -> str:
    return f"{card.environment}@{card.machine}"
