"""Watches files and folders by looking at them every so often, and says when they changed and are quiet again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path

from gateway.background import Loop
from gateway.events import OnEvent, ignore
from gateway.files.looks import Looks, looks


class Watcher:
    """Calls `on_change` after a change, one call at a time. All times are in seconds.

    `paths` gives what to watch at this moment: files, and folders for the files in them with one of `suffixes`.
    Links are followed. It looks every `look_every`, and waits until nothing has changed for `quiet`, but no longer
    than `longest_wait`. `on_change` returns whether it is done with the change; if not, or if it raises, it is
    called again after the next look. `name` is for operators, where that fails.
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
        name: str = "files",
        on_event: OnEvent = ignore,
    ) -> None:
        self._paths = paths
        self._on_change = on_change
        self._quiet = quiet
        self._longest_wait = longest_wait
        self._suffixes = suffixes
        self._seen: Looks = {}
        self._done = True
        self._loop = Loop(name, self._turn, pause=look_every, on_event=on_event)

    async def start(self, seen: Looks | None = None) -> None:
        """Watch from now on. What differs from `seen` is a change; without, what differs from this moment."""
        self._seen = seen if seen is not None else await self._look(self._paths())
        self._loop.start()

    async def aclose(self) -> None:
        """Stop watching; a call of `on_change` that is under way is cancelled."""
        await self._loop.aclose()

    def soon(self) -> None:
        """Call `on_change` as soon as it is quiet, whether anything looks changed or not."""
        self._loop.soon()

    async def unchanged(self) -> bool:
        """Whether all is still as it was when `on_change` was called, so that what was read since can be trusted."""
        return await self._look(self._paths()) == self._seen

    async def _turn(self, asked: bool) -> None:
        if asked or not self._done or await self._look(self._paths()) != self._seen:
            await self._take_up()

    async def _take_up(self) -> None:
        self._done = False
        self._seen = await self._settled()
        self._done = await self._on_change()
        # What changed since the call began is found by the next look; a path that was not watched yet counts as is.
        now = await self._look(self._paths())
        self._seen = {path: self._seen.get(path, look) for path, look in now.items()}

    async def _settled(self) -> Looks:
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

    async def _look(self, paths: Iterable[Path]) -> Looks:
        # Also which paths there are may be read from the disk.
        return await asyncio.to_thread(lambda: looks(paths, self._suffixes))
