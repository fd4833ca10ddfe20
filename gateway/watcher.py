"""Watches files and folders by looking at them from time to time, and says when they changed and are quiet again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable

from gateway.background import Loop
from gateway.events import OnEvent, ignore
from gateway.files.file_states import FileStates, Watched, file_states


class Watcher:
    """Calls `on_change` after a change, one call at a time. All times are in seconds.

    `paths` gives what to watch at this moment: files, folders for the files in them with one of `suffixes`, and
    patterns for the files that fit them. Links are followed. It looks every `look_every`, and waits until nothing has changed for `quiet`, but no longer
    than `longest_wait`. `on_change` returns whether it is done with the change; if not, or if it raises, it is
    called again after the next look. `name` is for operators, where that fails.
    """

    def __init__(
        self,
        paths: Callable[[], Iterable[Watched]],
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
        self._seen: FileStates = {}
        self._done = True
        self._loop = Loop(name, self._turn, pause=look_every, on_event=on_event)

    async def start(self, seen: FileStates | None = None) -> None:
        """Watch from now on. What differs from `seen` is a change; without, what differs from this moment."""
        self._seen = seen if seen is not None else await self._look()
        self._loop.start()

    async def aclose(self) -> None:
        """Stop watching; a call of `on_change` that is under way is cancelled."""
        await self._loop.aclose()

    def soon(self) -> None:
        """Call `on_change` as soon as it is quiet, whether anything looks changed or not."""
        self._loop.soon()

    async def unchanged(self) -> bool:
        """Whether all that is to be watched now is as it was when `on_change` was called, and was watched then.

        What was read since can then be trusted.
        """
        now = await self._look()
        return now.items() <= self._seen.items()

    async def _turn(self, asked: bool) -> None:
        if asked or not self._done or await self._look() != self._seen:
            await self._take_up()

    async def _take_up(self) -> None:
        self._done = False
        self._seen = await self._settled()
        self._done = await self._on_change()
        # The next look finds what changed since, and what was not watched yet. To be watched no more is no change.
        watched = frozenset(self._paths())
        self._seen = {each: state for each, state in self._seen.items() if each in watched}

    async def _settled(self) -> FileStates:
        clock = asyncio.get_running_loop().time
        end = clock() + self._longest_wait
        seen = await self._look()
        while self._quiet > 0.0:
            await asyncio.sleep(self._quiet)
            now = await self._look()
            if now == seen or clock() >= end:
                return now
            seen = now
        return seen

    async def _look(self) -> FileStates:
        return await asyncio.to_thread(file_states, tuple(self._paths()), self._suffixes)
