"""Decides when an exchange that lasts is judged again, and ends it where it may not go on.

It knows nothing of sessions, rules and HTTP: whoever judges is handed in, and says why an exchange must end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from gateway.errors import GatewayError, LoginRequired
from gateway.events import (
    BlocksChanged,
    Event,
    OnEvent,
    RulesChanged,
    SessionEnded,
    StreamCut,
    StreamsCounted,
    ignore,
)
from gateway.upstream.settings import StreamSettings

log = structlog.get_logger()

T = TypeVar("T")
_AT_ONCE: Final = 50
_LASTING: Final = 1.0
_NO_ANSWER: Final = 503


class Cut(Exception):
    """The exchange was ended: `reason` is a stable code, `error` what a new request would be told now."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(error.detail)
        self.error = error
        self.reason = "session-ended" if isinstance(error, LoginRequired) else error.code


@dataclass(slots=True, eq=False)
class _Stream(Generic[T]):
    about: T
    session: str | None
    task: asyncio.Task[object]
    since: float
    unjudged_since: float | None = None
    cut: Cut | None = None

    def end(self, error: GatewayError) -> None:
        if self.cut is None:
            self.cut = Cut(error)
            self.task.cancel()


class Streams(Generic[T]):
    """Every exchange with the register that is under way in this process, under the id of its session.

    `judge` says of one why it may not go on, None where it may; it is asked every `judge_every` seconds, and at
    once after `judge_soon`. Where it answers 503 (a store or a fact source does not answer), the exchange goes on
    for `unjudged` seconds. What has not lasted for `lasting` seconds is left alone: it was judged a moment ago, and
    mostly ends by itself; what then still goes on is judged or ended by then. After each round it publishes
    how many have lasted for a round, and each time an exchange is cut, why.
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
        self._soon = asyncio.Event()
        self._judging: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to judge."""
        self._judging = asyncio.create_task(self._judge_for_ever())

    async def aclose(self) -> None:
        """Stop judging; what is under way goes on to its end."""
        task, self._judging = self._judging, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def carry(self, about: T, session: str | None, work: Awaitable[None]) -> None:
        """Do the work of one exchange; it can be ended from now on. Raises Cut where it was."""
        task = asyncio.current_task()
        assert task is not None
        stream = _Stream(about, session, task, task.get_loop().time())
        self._open.add(stream)
        try:
            await work
        except asyncio.CancelledError:
            if stream.cut is None or task.uncancel() > 0:
                raise
            self._publish(StreamCut(stream.cut.reason))
            raise stream.cut from None
        finally:
            self._open.discard(stream)

    def on_event(self, event: Event) -> None:
        """Judge again once rules or blocks have changed; end what belongs to a session that has ended."""
        match event:
            case SessionEnded(session):
                self.session_ended(session)
            case RulesChanged() | BlocksChanged():
                self.judge_soon()
            case _:
                pass

    def judge_soon(self) -> None:
        """Judge what is open without waiting for the next round."""
        self._soon.set()

    def session_ended(self, session: str) -> None:
        """End all that is under way for this session."""
        latest = asyncio.get_running_loop().time() - self._lasting
        for stream in self._open:
            if stream.session == session and stream.since <= latest:
                stream.end(LoginRequired("the session has ended"))
        self.judge_soon()

    async def _judge_for_ever(self) -> None:
        pause = self._settings.judge_every
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._soon.wait()
            asked = self._soon.is_set()
            self._soon.clear()
            # After a change once more a little later, for what was too young.
            pause = min(self._lasting, self._settings.judge_every) if asked else self._settings.judge_every
            await self._round()

    async def _round(self) -> None:
        latest = asyncio.get_running_loop().time() - self._lasting
        waiting = [stream for stream in self._open if stream.since <= latest]
        for first in range(0, len(waiting), _AT_ONCE):
            await asyncio.gather(*map(self._judge_one, waiting[first : first + _AT_ONCE]))
        earliest = asyncio.get_running_loop().time() - self._settings.judge_every
        self._publish(StreamsCounted(sum(stream.since <= earliest for stream in self._open)))

    async def _judge_one(self, stream: _Stream[T]) -> None:
        if stream.cut is not None or stream not in self._open:
            return
        try:
            error = await self._judge(stream.about)
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong, it may not go on
            log.error("an open stream could not be judged", error=repr(problem))
            error = GatewayError(repr(problem))
        if stream not in self._open:
            return
        if error is None:
            stream.unjudged_since = None
        elif error.status != _NO_ANSWER or self._waited_enough(stream):
            stream.end(error)

    def _waited_enough(self, stream: _Stream[T]) -> bool:
        now = stream.task.get_loop().time()
        if stream.unjudged_since is None:
            stream.unjudged_since = now
        return now - stream.unjudged_since >= self._settings.unjudged
