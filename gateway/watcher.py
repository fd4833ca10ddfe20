"""Watches files and folders by looking at them every so often, and says when they changed and are quiet again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()

# What each path looked like: device, inode, time and size; None where it is not there.
_Looks = Mapping[Path, Any]


class Watcher:
    """Calls `on_change` after a change, one call at a time. All times are in seconds.

    `paths` gives what to watch at this moment: files, and folders for the files in them with one of `suffixes`.
    Links are followed. It looks every `look_every`, and waits until nothing has changed for `quiet`, but no longer
    than `longest_wait`. `on_change` returns whether it is done with the change; if not, or if it raises, it is
    called again after the next look.
    """

    def __init__(
        self,
        paths: Callable[[], Iterable[Path]],
        on_change: Callable[[], Awaitable[bool]],
        *,
        look_every: float,
        quiet: float = 0.0,
        longest_wait: float = 5.0,
        suffixes: Collection[str] = (),
    ) -> None:
        self._paths = paths
        self._on_change = on_change
        self._look_every = look_every
        self._quiet = quiet
        self._longest_wait = longest_wait
        self._suffixes = suffixes
        self._asked = asyncio.Event()
        self._seen: _Looks = {}
        self._done = True
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch from now on: what differs from this moment is a change."""
        self._seen = await self._look(self._paths())
        self._task = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """Stop watching; a call of `on_change` that is under way is cancelled."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def soon(self) -> None:
        """Call `on_change` as soon as it is quiet, whether anything looks changed or not."""
        self._asked.set()

    async def unchanged(self) -> bool:
        """Whether all is still as it was when `on_change` was called, so that what was read since can be trusted."""
        return await self._look(self._seen) == self._seen

    async def _watch(self) -> None:
        failure = ""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_every):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                if asked or not self._done or await self._look(self._paths()) != self._seen:
                    await self._take_up()
                failure = ""
            except Exception as problem:  # noqa: BLE001 - whatever goes wrong, watching goes on
                if repr(problem) != failure:
                    log.error("changed files could not be taken up", error=repr(problem))
                failure = repr(problem)

    async def _take_up(self) -> None:
        self._done = False
        self._seen = await self._settled()
        self._done = await self._on_change()
        # What changed since the call began is found by the next look; a path that was not watched yet counts as is.
        now = await self._look(self._paths())
        self._seen = {path: self._seen.get(path, look) for path, look in now.items()}

    async def _settled(self) -> _Looks:
        clock = asyncio.get_running_loop().time
        end = clock() + self._longest_wait
        seen = await self._look(self._paths())
        while self._quiet > 0.0:
            await asyncio.sleep(self._quiet)
            now = await self._look(self._paths())
            if now == seen or clock() >= end:
                return now
            seen = now
        return seen

    async def _look(self, paths: Iterable[Path]) -> _Looks:
        wanted = tuple(paths)
        return await asyncio.to_thread(lambda: {path: self._stat(path) for path in wanted})

    def _stat(self, path: Path) -> Any:
        try:
            if path.is_dir():
                files = [file for file in sorted(path.iterdir()) if file.suffix in self._suffixes]
                return [(file.name, self._stat(file)) for file in files]
            about = path.stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size
