"""Whether somebody is blocked at this moment, by a file that operators change while the gateway runs.

Requests never wait for that file: it is watched beside them. A file that cannot be read changes nothing: the blocks
in force stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from gateway.blocks.file import Block, read
from gateway.blocks.settings import BlockSettings
from gateway.events import BlocksChanged, BlocksLoaded, OnEvent, ignore
from gateway.model import Identity
from gateway.object_memo import ObjectMemo
from gateway.watcher import Watcher

log = structlog.get_logger()

Names = Callable[[Identity], Sequence[str]]


class Blocks:
    """The blocks of one environment in one worker process.

    `names` gives, once started, a function from an identity to its pseudonyms (one for each key that is read).
    `trouble` says why the file cannot be read, "" where it can.
    """

    def __init__(
        self,
        settings: BlockSettings,
        path: Path,
        *,
        environment: str,
        names: Callable[[], Names],
        on_event: OnEvent = ignore,
    ) -> None:
        self._path = path
        self._environment = environment
        self._make_names = names
        self._names: Names = lambda _identity: ()
        self._on_event = on_event
        self._by_value: Mapping[tuple[str, str], tuple[Block, ...]] = {}
        self._watcher = Watcher(
            lambda: (path,), self._reload, look_every=settings.look_every, name="blocks", on_event=on_event
        )
        self.trouble = ""

    async def start(self) -> None:
        """Read the blocks and begin to watch the file. Raises ValueError where there is one that cannot be read."""
        self._names = ObjectMemo(self._make_names())
        await self._watcher.start()
        found = await asyncio.to_thread(read, self._path, self._environment) or ()
        self._by_value = _by_value(found)
        self._on_event(BlocksLoaded(tuple(block.id for block in found)))

    async def aclose(self) -> None:
        """Stop watching."""
        await self._watcher.aclose()

    def of(self, identity: Identity, now: float) -> Block | None:
        """The block that keeps this person or machine out at this moment (seconds since the epoch)."""
        if not self._by_value:
            return None
        keys = [("person", name) for name in self._names(identity)]
        if identity.organisation is not None:
            keys.append(("organisation", identity.organisation.code))
        for key in keys:
            for block in self._by_value.get(key, ()):
                if block.in_force(now):
                    return block
        return None

    async def _reload(self) -> bool:
        try:
            found = await asyncio.to_thread(read, self._path, self._environment)
            if found is None and self._by_value:
                raise ValueError(f"{self._path} is gone")
        except ValueError as problem:
            if str(problem) != self.trouble:
                log.error("blocks cannot be read; those in force stay", reason=str(problem))
            self.trouble = str(problem)
            return False
        self.trouble = ""
        self._by_value = _by_value(found or ())
        ids = tuple(block.id for block in found or ())
        self._on_event(BlocksChanged(ids))
        log.info("blocks changed", blocks=ids)
        return True


def _by_value(blocks: Sequence[Block]) -> Mapping[tuple[str, str], tuple[Block, ...]]:
    found: dict[tuple[str, str], tuple[Block, ...]] = {}
    for block in blocks:
        key = (block.kind, block.value)
        found[key] = (*found.get(key, ()), block)
    return found
