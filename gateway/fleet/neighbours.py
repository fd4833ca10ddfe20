"""Environments must share nothing: each gateway leaves its environment's card where another could meet it, and reads theirs.

Cards meet in a session store that two environments use, and in the folder where a machine keeps its files.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from gateway.background import Loop
from gateway.config import Config
from gateway.config.card import EnvironmentCard, card_of, read_card, signed_card
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent
from gateway.files import atomic_file
from gateway.observe.health import HealthStatus
from gateway.session.store import Store

log = structlog.get_logger()

CARDS: Final = "/cards"
"""The topic of the cards in a store: the same for all environments that use it."""

_LASTS_SECONDS: Final = 7 * 86_400.0
_LOOK_EVERY: Final = 60.0
# How often a card that did not change is left again, in seconds.
_AGAIN_SECONDS: Final = 3_600.0
_SUFFIX: Final = ".card.json"


@dataclass(frozen=True, slots=True)
class FoundCards:
    """(where, card) of each card that was found, and why others could not be read."""

    cards: Sequence[tuple[str, EnvironmentCard]]
    troubles: Sequence[str] = ()


def cards_in(folder: Path) -> FoundCards:
    """The cards in a folder. Reads the disk."""
    return _read_all(
        (str(path), path.read_bytes) for path in sorted(folder.glob(f"*{_SUFFIX}")) if path.is_file()
    )


async def cards_on(store: Store, now: float) -> FoundCards:
    """The cards in the session store, by their name there. Raises StoreUnavailable."""
    found = await store.entries(CARDS, now=now)
    return _read_all((name, partial(bytes, content)) for name, content in found.items())


def _read_all(found: Iterable[tuple[str, Callable[[], bytes]]]) -> FoundCards:
    cards, troubles = [], []
    for where, read in found:
        try:
            cards.append((where, read_card(read())))
        except (OSError, ValueError) as problem:
            troubles.append(f"the environment card {where}: {getattr(problem, 'strerror', None) or problem}")
    return FoundCards(cards, troubles)


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
        self._told: Mapping[str, str] = {}
        self._left: tuple[EnvironmentCard | None, float] = (None, 0.0)
        self._loop = Loop("environment cards", self._turn, pause=look_every, on_event=on_event)

    async def start(self) -> None:
        """Leave the card, and go on looking. Raises ValueError where another environment shares something with this one."""
        card, text = await self._own()
        # Who is refused leaves no card: the other environment, which was first, must be able to start again.
        self._refuse((await self._read_all(card))[0])
        await self._leave(card, text)
        # Another one may have started at the same moment: one of both finds the card of the other.
        found, troubles = await self._read_all(card)
        if found:
            await self._store.drop_entry(CARDS, card_name(card))
            self._refuse(found)
        for words in troubles:
            log.warning("a card cannot be read", reason=words)
        self._loop.start()

    async def aclose(self) -> None:
        """Stop looking; the card stays."""
        await self._loop.aclose()

    async def check(self) -> HealthStatus:
        """What is shared; the gateway stays ready."""
        return HealthStatus(True, "; ".join(self._told.values()), degraded=bool(self._told))

    async def _read_all(self, card: EnvironmentCard) -> tuple[Mapping[str, str], Sequence[str]]:
        """(what each other environment shares with this one, by who it is; which cards cannot be read)."""
        here = await asyncio.to_thread(cards_in, self._folder)
        stored = await cards_on(self._store, self._clock())
        return conflicts(card, here.cards, stored.cards), (*here.troubles, *stored.troubles)

    async def _own(self) -> tuple[EnvironmentCard, str]:
        def made() -> tuple[EnvironmentCard, str]:
            card = card_of(self._environment, self._settings, self._clock())
            return card, signed_card(card, self._settings)

        return await asyncio.to_thread(made)

    async def _leave(self, card: EnvironmentCard, text: str) -> None:
        now = self._clock()
        if replace(card, made=0) == self._left[0] and now < self._left[1] + _AGAIN_SECONDS:
            return
        until = now + _LASTS_SECONDS
        await self._store.put_entry(CARDS, card_name(card), text.encode(), until=until)
        await asyncio.to_thread(self._keep, card, text)
        self._left = replace(card, made=0), now

    def _keep(self, card: EnvironmentCard, text: str) -> None:
        path = self._folder / f"{card.environment}{_SUFFIX}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_file.replace(path, text.encode())
            # It holds no secret, and the other environment may run as another user.
            path.chmod(0o644)
        except OSError as problem:
            log.info("no environment card is kept on this machine", path=str(path), reason=problem.strerror)

    def _refuse(self, found: Mapping[str, str]) -> None:
        if found:
            raise ValueError("; ".join(found.values()))

    async def _turn(self, _asked: bool) -> None:
        card, text = await self._own()
        try:
            await self._leave(card, text)
            found, troubles = await self._read_all(card)
        except StoreUnavailable:
            return  # The check of the sessions says so.
        told = {**found, **{words: words for words in troubles}}
        for who, words in told.items():
            if self._told.get(who) != words and await self._first(who, words):
                log.error("environments are not known to be apart", reason=words)
        self._told = told

    async def _first(self, who: str, words: str) -> bool:
        """Whether no other process of this environment has said it yet."""
        name = hashlib.sha256(f"card {self._environment} {who} {words}".encode()).digest()
        now = self._clock()
        try:
            return await self._store.put_value(name, b"1", until=now + _LASTS_SECONDS, now=now)
        except StoreUnavailable:
            return True


def conflicts(
    card: EnvironmentCard,
    here: Sequence[tuple[str, EnvironmentCard]],
    stored: Sequence[tuple[str, EnvironmentCard]] = (),
) -> Mapping[str, str]:
    """One message for each other environment that shares something with that of the card, by its name.

    `here` are cards from files, `stored` those from the session store that this environment uses: a card there is
    proof that the store is shared.
    """
    found: dict[str, list[str]] = {}
    wheres: dict[str, str] = {}
    for where, other in here:
        found.setdefault(other.environment, []).extend(card.shared(other))
        gone = f"if it is on this machine no more, {_forgetting(card, card_name(other))}"
        wheres.setdefault(other.environment, f"{where}; {gone}")
    for name, other in stored:
        if not card.is_of(other):
            named = [*found.get(other.environment, ()), *card.shared(other)]
            shared = [each for each in named if not each.startswith("store ")]
            found[other.environment] = ["session store", *shared]
            # A card stays for a week after its gateway was last heard.
            wheres[other.environment] = (
                f"{name} in the session store; if it uses this store no more, {_forgetting(card, name)}"
            )
    return {
        who: (
            f"environments {card.environment!r} and {who!r} share: {', '.join(dict.fromkeys(several))}; each needs its own"
            f" (the card of {who!r}: {wheres[who]})"
        )
        for who, several in found.items()
        if several
    }


def card_name(card: EnvironmentCard) -> str:
    """What a card is called in a store, and in messages."""
    return f"{card.environment}@{card.machine}"


def _forgetting(own: EnvironmentCard, name: str) -> str:
    return f"`gateway config card --env {own.environment} --forget {name}`"
