"""Keeps a session from being idle while something long is under way in it, such as an upload or a download."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Final

from gateway.background import Loop
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent, ignore
from gateway.exchange import Exchange
from gateway.http_semantics import media_type
from gateway.pipeline.polling import Polling
from gateway.session.sessions import Sessions
from gateway.upstream.live_streams import Streams
from gateway.upstream.stream_settings import StreamSettings

# Answers that go on for as long as somebody keeps the page open, whether they look at it or not.
_EVENTS: Final = frozenset(
    (
        b"text/event-stream",
        b"multipart/x-mixed-replace",
        b"application/x-ndjson",
        b"application/json-seq",
        b"application/stream+json",
    )
)


@dataclass(slots=True)
class Activity:
    """Counts uploads, downloads and answers that are waited for as use of their session, several times per idle timeout.

    A WebSocket, a stream of events and a poll of `polling` don't count. The longest life of a session, a logout and a
    right that ends stop a transfer as before. There is a round at least as often as streams are judged.
    """

    sessions: Sessions
    streams: Streams[Exchange]
    settings: StreamSettings
    polling: Polling | None = None
    on_event: OnEvent = ignore
    _loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        pause = min(self.settings.judge_every, self.sessions.idle_timeout / 8)
        self._loop = Loop("activity", self._turn, pause=pause, on_event=self.on_event)

    async def start(self) -> None:
        """Begin the rounds."""
        self._loop.start()

    async def aclose(self) -> None:
        """Stop the rounds."""
        await self._loop.aclose()

    async def _turn(self, _asked: bool) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self._count(self._loop.pause)

    async def _count(self, seconds: float) -> None:
        """Use each session with an exchange that has been under way for this many seconds, once. Raises StoreUnavailable."""
        name = self.sessions.cookie_name
        moving = filter(self._counts, self.streams.under_way(seconds))
        for ticket in {exchange.later_ticket or exchange.admitted.cookies[name] for exchange in moving}:
            await self.sessions.open(ticket)

    def _counts(self, exchange: Exchange) -> bool:
        request = exchange.admitted
        if exchange.caller.session is None or request.websocket is not None:
            return False
        if self.polling is not None and self.polling.may_be_poll(request):
            return False
        headers = exchange.progress.response_headers if exchange.progress is not None else None
        kind = next((value for name, value in headers or () if name == b"content-type"), None)
        return media_type(kind) not in _EVENTS
