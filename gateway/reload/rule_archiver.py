"""Keeps the text of the rules that go live beside the decision records, so that old decisions can be explained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from gateway.config import Config
from gateway.config.rule_archive import RuleArchive
from gateway.events import Event, RulesChanged, RulesLoaded
from gateway.key_files.keyring import Key
from gateway.observe.chain import ChainKey

log = structlog.get_logger()

_AGAIN_AFTER: Final = 10.0


class RuleArchiver:
    """Listens for rules going live. `records` is the file of decision records; where there is none, nothing is kept."""

    def __init__(
        self,
        records: Path | None,
        environment: str,
        *,
        config: Callable[[], Config],
        keys: Callable[[], Sequence[Key]],
    ) -> None:
        self._kept = RuleArchive.beside(records) if records is not None else None
        self._environment = environment
        self._config = config
        self._keys = keys
        self._at_work: set[asyncio.Task[None]] = set()
        self._stops = asyncio.Event()
        self.trouble = ""

    async def start(self) -> None:
        """Nothing is opened."""

    async def aclose(self) -> None:
        """Finish what was begun, with a last try."""
        self._stops.set()
        await asyncio.gather(*self._at_work)

    def on_event(self, event: Event) -> None:
        """Keep the text of the rules that are in force from now on."""
        if self._kept is None or not isinstance(event, RulesLoaded | RulesChanged):
            return
        config = self._config()
        task = asyncio.create_task(self._keep(self._kept, event.rules, config.path, config.files))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _keep(self, kept: RuleArchive, hash_: str, path: Path, files: Sequence[Path]) -> None:
        try:
            key = ChainKey.of((await asyncio.to_thread(self._keys))[0], self._environment)
            packed = await asyncio.to_thread(kept.packed, hash_, path, files, key)
        except (OSError, ValueError) as problem:
            self._failed(hash_, problem)
            return
        # On a full disk again and again, with the text of that moment: the files may be other ones by then.
        last = False
        while not await self._put(kept, hash_, packed) and not last:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stops.wait(), _AGAIN_AFTER)
            last = self._stops.is_set()

    async def _put(self, kept: RuleArchive, hash_: str, packed: bytes) -> bool:
        try:
            await asyncio.to_thread(kept.put, hash_, packed)
        except OSError as problem:
            self._failed(hash_, problem)
            return False
        self.trouble = ""
        return True

    def _failed(self, hash_: str, problem: Exception) -> None:
        reason = getattr(problem, "strerror", None) or problem
        if not self.trouble:
            log.error("the text of the rules is not kept", rules=hash_, reason=str(problem))
        self.trouble = f"the text of the rules is not kept: {reason}"
