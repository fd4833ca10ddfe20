"""Ends exchanges that are under way when their session ends or when they would be refused by now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from gateway.background import Loop
from gateway.errors import GatewayError, LoginRequired, UnderMaintenance
from gateway.events import (
    BlocksChanged,
    EmergencyClosed,
    EmergencyOpened,
    Event,
    MaintenanceChanged,
    OnEvent,
    RulesChanged,
    SessionEnded,
    StreamCut,
    StreamsCounted,
    ignore,
)
from gateway.upstream.stream_settings import StreamSettings

log = structlog.get_logger()

T = TypeVar("T")
R = TypeVar("R")
STOPPING: Final = "stopping"
_AT_ONCE: Final = 50
_LASTING: Final = 1.0
_NO_ANSWER: Final = 503


class Cut(Exception):
    """The exchange was ended: `reason` is a stable code, `error` what a new request would get now."""

    def __init__(self, error: GatewayError, *, in_order: bool = False) -> None:
        """`in_order`: the answer is to look complete to the client."""
        super().__init__(error.detail)
        self.error = error
        self.in_order = in_order
        self.reason = "session-ended" if isinstance(error, LoginRequired) else error.code
        if in_order:
            self.reason = STOPPING


@dataclass(slots=True, eq=False)
class _Stream(Generic[T]):
    about: T
    session: str | None
    task: asyncio.Task[object]
    since: float
    unjudged_since: float | None = None
    cut: Cut | None = None

    def end(self, error: GatewayError, *, in_order: bool = False) -> None:
        if self.cut is None:
            self.cut = Cut(error, in_order=in_order)
            self.task.cancel()


class Streams(Generic[T]):
    """All exchanges with the register that are under way in this process, each with the id of its session.

    `judge` returns the error that ends an exchange, or None if it may go on. It is called for each exchange every
    `judge_every` seconds, and at once after `judge_soon`. If its error has status 503 (a store or a fact source does
    not answer), the exchange goes on for `unjudged` seconds more. Exchanges younger than `lasting` seconds are
    skipped: they were judged a moment ago and most end by themselves; those that don't are judged once they are old
    enough. StreamsCounted is published after each round, StreamCut for each exchange that is ended.
    """

    def __init__(
        self,
        settings: StreamSettings,
        judge: Callable[[T], Awaitable[GatewayError | None]],
        *,
        on_event: OnEvent = ignore,
        lasting: float = _LASTING,
    ) -> None:
        self._settings = settings
        self._judge = judge
        self._publish = on_event
        self._lasting = lasting
        self._open: set[_Stream[T]] = set()
        self._loop = Loop("streams", self._turn, pause=settings.judge_every, on_event=on_event)

    async def start(self) -> None:
        """Begin the rounds."""
        self._loop.start()

    async def aclose(self) -> None:
        """Stop the rounds; exchanges under way go on to their end."""
        await self._loop.aclose()

    async def carry(
        self, about: T, session: str | None, work: Awaitable[R], *, since: float | None = None
    ) -> R:
        """Do the work of one exchange, about which `judge` can be asked. Raises Cut if the exchange was ended.

        `since` is the loop's time from which on it counts, where it began before.
        """
        task = asyncio.current_task()
        assert task is not None
        stream = _Stream(about, session, task, task.get_loop().time() if since is None else since)
        self._open.add(stream)
        try:
            return await work
        except asyncio.CancelledError:
            if stream.cut is None or task.uncancel() > 0:
                raise
            cut, stream.cut = stream.cut, None
            self._publish(StreamCut(cut.reason))
            try:
                raise cut from None
            finally:
                del cut  # what is raised refers to this frame, which must not refer to it
        finally:
            self._open.discard(stream)

    def under_way(self, seconds: float) -> list[T]:
        """What the exchanges that have lasted for this long are about."""
        latest = asyncio.get_running_loop().time() - seconds
        return [stream.about for stream in self._open if stream.since <= latest]

    def on_event(self, event: Event) -> None:
        """Judge again once rules or blocks have changed; end what belongs to a session that has ended."""
        match event:
            case SessionEnded(session, replaced=False):
                self.session_ended(session)
            case (
                SessionEnded()
                | RulesChanged()
                | BlocksChanged()
                | EmergencyOpened()
                | EmergencyClosed()
                | MaintenanceChanged()
            ):
                self.judge_soon()
            case _:
                pass

    def judge_soon(self) -> None:
        """Judge the open exchanges without waiting for the next round."""
        self._loop.soon()

    def end_in_order(self, ends: Callable[[T], bool]) -> None:
        """End the exchanges that never end by themselves, so that they look complete, because the process stops."""
        for stream in self._open:
            if ends(stream.about):
                stream.end(GatewayError("the gateway stops"), in_order=True)

    def session_ended(self, session: str) -> None:
        """End the exchanges of this session."""
        latest = asyncio.get_running_loop().time() - self._lasting
        for stream in self._open:
            if stream.session == session and stream.since <= latest:
                stream.end(LoginRequired("the session has ended"))
        self.judge_soon()

    async def _turn(self, asked: bool) -> None:
        # After a change, once more a little later, for the exchanges that were too young.
        every = self._settings.judge_every
        self._loop.pause = min(self._lasting, every) if asked else every
        latest = asyncio.get_running_loop().time() - self._lasting
        waiting = [stream for stream in self._open if stream.since <= latest]
        for first in range(0, len(waiting), _AT_ONCE):
            await asyncio.gather(*map(self._judge_one, waiting[first : first + _AT_ONCE]))
        earliest = asyncio.get_running_loop().time() - self._settings.judge_every
        self._publish(StreamsCounted(sum(stream.since <= earliest for stream in self._open)))

    async def _judge_one(self, stream: _Stream[T]) -> None:
        if stream.cut is None and stream in self._open:
            # Handed on without a name: the error refers to this frame, which must not refer to it.
            self._follow(stream, await self._error_of(stream.about))

    async def _error_of(self, about: T) -> GatewayError | None:
        try:
            return await self._judge(about)
        except asyncio.CancelledError as problem:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return GatewayError(repr(problem))
        except (Exception, SystemExit, KeyboardInterrupt) as problem:  # noqa: BLE001 - an exchange that cannot be judged must not go on
            log.error("an open stream could not be judged", error=repr(problem))
            return GatewayError(repr(problem))

    def _follow(self, stream: _Stream[T], error: GatewayError | None) -> None:
        if stream not in self._open:
            return
        if error is None:
            stream.unjudged_since = None
        elif error.status != _NO_ANSWER or isinstance(error, UnderMaintenance) or self._waited_enough(stream):
            stream.end(error)

    def _waited_enough(self, stream: _Stream[T]) -> bool:
        now = stream.task.get_loop().time()
        if stream.unjudged_since is None:
            stream.unjudged_since = now
        return now - stream.unjudged_since >= self._settings.unjudged
