"""Decides whether somebody is blocked at this moment, by a file that operators change while the gateway runs.

Without input or output for a request: the file is looked at beside the requests. A file that cannot be read changes
nothing: who was blocked stays blocked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.blocks.file import Block, read
from gateway.blocks.settings import BlockSettings
from gateway.model import Identity

log = structlog.get_logger()

_KEPT: Final = 2_048

Names = Callable[[Identity], Sequence[str]]


class Blocks:
    """The blocks of one environment in one worker process.

    `names` gives, once started, a function from an identity to its pseudonyms (one for each key that is read).
    `changed` hears after blocks changed; `told` gets an event for the decision records, `count` the number.
    """

    def __init__(
        self,
        settings: BlockSettings,
        path: Path,
        *,
        environment: str,
        names: Callable[[], Names],
        changed: Callable[[], None] = lambda: None,
        told: Callable[[Mapping[str, Any]], None] = lambda _event: None,
        count: Callable[[int], None] = lambda _blocks: None,
    ) -> None:
        self._settings = settings
        self._path = path
        self._environment = environment
        self._make_names = names
        self._names: Names = lambda _identity: ()
        self._changed = changed
        self._told = told
        self._count = count
        self._by_value: Mapping[tuple[str, str], tuple[Block, ...]] = {}
        self._seen: Any = None
        self._watching: asyncio.Task[None] | None = None
        self._known: dict[int, tuple[Identity, Sequence[str]]] = {}
        self.trouble = ""

    async def start(self) -> None:
        """Read the blocks and begin to watch the file. Raises ValueError where there is one that cannot be read."""
        self._names = self._make_names()
        self._seen = await asyncio.to_thread(self._look)
        found = await asyncio.to_thread(read, self._path, self._environment)
        self._take(found or ())
        self._watching = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """Stop watching."""
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def of(self, identity: Identity, now: float) -> Block | None:
        """The block that keeps this person or machine out at this moment."""
        if not self._by_value:
            return None
        keys = [("person", name) for name in self._named(identity)]
        if identity.organisation is not None:
            keys.append(("organisation", identity.organisation.code))
        for key in keys:
            for block in self._by_value.get(key, ()):
                if block.holds(now):
                    return block
        return None

    def _named(self, identity: Identity) -> Sequence[str]:
        # The same identity object comes with every request of a session, and a name takes a keyed hash.
        found = self._known.get(id(identity))
        if found is not None and found[0] is identity:
            return found[1]
        names = self._names(identity)
        if len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[id(identity)] = (identity, names)
        return names

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.look_every)
            seen = await asyncio.to_thread(self._look)
            if seen == self._seen and not self.trouble:
                continue
            try:
                found = await asyncio.to_thread(read, self._path, self._environment)
                if found is None and self._by_value:
                    raise ValueError(f"{self._path} is gone")
            except ValueError as problem:
                if str(problem) != self.trouble:
                    log.error("blocks cannot be read; those that were known stay", reason=str(problem))
                self.trouble = str(problem)
                continue
            self._seen = seen
            self.trouble = ""
            self._take(found or ())
            self._told({"kind": "blocks", "blocks": [block.id for block in found or ()]})
            log.info("blocks changed", blocks=[block.id for block in found or ()])
            self._changed()

    def _take(self, blocks: Sequence[Block]) -> None:
        by_value: dict[tuple[str, str], tuple[Block, ...]] = {}
        for block in blocks:
            key = (block.kind, block.value)
            by_value[key] = (*by_value.get(key, ()), block)
        self._by_value = by_value
        self._count(len(blocks))

    def _look(self) -> Any:
        try:
            about = self._path.stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size
