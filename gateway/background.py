"""Loops that run beside the requests, and that no exception ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway.events import LoopFailed, LoopWorks, OnEvent, ignore

log = structlog.get_logger()

_PATIENCE: Final = 180.0


class Loop:
    """Awaits `turn` every `pause` seconds, and at once after `soon`; it gets whether it was asked for by `soon`.

    A turn that raises, or that takes longer than `patience` seconds, is published and logged once for each kind, until
    one succeeds. `name` is for operators. `pause` may be changed at any time.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[bool], Awaitable[None]],
        *,
        pause: float,
        on_event: OnEvent = ignore,
        patience: float = _PATIENCE,
    ) -> None:
        self.pause = pause
        self._name = name
        self._turn = turn
        self._on_event = on_event
        self._patience = patience
        self._asked = asyncio.Event()
        self._kinds: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self, *, at_once: bool = False) -> None:
        """Begin: with a turn, or with a pause."""
        self._task = asyncio.create_task(self._for_ever(at_once=at_once))

    async def aclose(self) -> None:
        """Stop; a turn that is under way is cancelled."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def soon(self) -> None:
        """Take a turn without waiting for the end of the pause."""
        self._asked.set()

    async def _for_ever(self, *, at_once: bool) -> None:
        if at_once:
            await self._take_turn(asked=False)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.pause):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            await self._take_turn(asked=asked)

    async def _take_turn(self, *, asked: bool) -> None:
        late = asyncio.get_running_loop().call_later(self._patience, self._late)
        try:
            await self._turn(asked)
        except asyncio.CancelledError as problem:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Something that the turn waited for was cancelled, not this loop.
            self._failed(problem)
        except (Exception, SystemExit, KeyboardInterrupt) as problem:  # noqa: BLE001 - whatever it is, the next turn comes
            self._failed(problem)
        else:
            self._works()
        finally:
            late.cancel()

    def _failed(self, problem: BaseException) -> None:
        self._say(type(problem).__name__, repr(problem), _place(problem))

    def _late(self) -> None:
        self._say("late", f"one turn takes longer than {self._patience:g} s")

    def _say(self, kind: str, why: str, place: str = "") -> None:
        self._on_event(LoopFailed(self._name, why))
        if kind not in self._kinds:
            self._kinds.add(kind)
            # A log that cannot be written must not end the loop either.
            with contextlib.suppress(Exception):
                log.error("work in the background failed", loop=self._name, error=why, place=place)

    def _works(self) -> None:
        if self._kinds:
            self._kinds.clear()
            self._on_event(LoopWorks(self._name))
            with contextlib.suppress(Exception):
                log.info("work in the background succeeds again", loop=self._name)


def _place(problem: BaseException) -> str:
    """Where it was raised, without the lines of the sources: these would be read from disk on the event loop."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
