"""Finds the session that an assertion names, by its public id, as long as it lives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gateway.caching.recent import Recent
from gateway.events import Event, SessionEnded
from gateway.session.codec import Session, decode_session, encode_session
from gateway.session.one_time import OneTimeStore
from gateway.session.settings import SessionSettings
from gateway.session.store import Store

# One of two places always holds the session, also while it is being replaced.
_PLACES: Final = ("live", "live again")
_MOST: Final = 10_000
# An assertion that was signed before lives no longer.
_EARLIER_SECONDS: Final = 600.0
# Each change of rights makes one.
_MOST_IDS: Final = 16


class LiveSessions:
    """The sessions of one environment by their public ids; both methods raise StoreUnavailable.

    What is kept has no tokens. Where it is found, the store is asked whether the session still lives, at most every
    `cache_ttl` seconds by `steady`. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        one_time: OneTimeStore,
        settings: SessionSettings,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._store = store
        self._one_time = one_time
        self._idle_timeout = settings.idle_timeout
        self._clock = clock
        self._found: Recent[str, Session] = Recent(_MOST, settings.cache_ttl, steady)
        # By an earlier id the one that it has now: under that alone a session is forgotten.
        self._current: Recent[str, str] = Recent(_MOST, settings.cache_ttl, steady)
        self._forgotten = 0

    def on_event(self, event: Event) -> None:
        """A session that ended in this process, or by an operator's order, lives no longer."""
        if isinstance(event, SessionEnded):
            self._forget(event.session)

    async def keep(self, session: Session, key: bytes, *, earlier: str | None = None) -> None:
        """Let this session, which is stored under `key`, be found from now on; for a while by an `earlier` id too."""
        found = {"key": key.hex(), "session": encode_session(replace(session, tokens=None)).decode("ascii")}
        content = json.dumps(found).encode("ascii")
        lasts = session.expires_at - self._clock()
        await self._replace(session.id, content, lasts)
        if earlier is not None and earlier != session.id:
            await self._replace(earlier, content, min(lasts, _EARLIER_SECONDS))

    async def of(self, session: str) -> Session | None:
        """The session with this public id while it lives, without using it."""
        found = self._found.get(self._current.get(session) or session)
        if found is None:
            before = self._forgotten
            found = await self._stored(session)
            if found is None:
                return None
            # What was read may have ended since: then the next one asks again.
            if before == self._forgotten:
                self._found[found.id] = found
                self._current[session] = found.id
        return found if found.expires_at > self._clock() else None

    def _forget(self, session: str) -> None:
        self._forgotten += 1
        self._found.pop(session)
        self._current.pop(session)

    async def _replace(self, session: str, content: bytes, seconds: float) -> None:
        first, second = _PLACES
        put, take = self._one_time.put, self._one_time.take
        self._forget(session)
        if await put(first, session, content, seconds=seconds):
            await take(second, session)
            return
        await take(second, session)
        await put(second, session, content, seconds=seconds)
        await take(first, session)

    async def _stored(self, session: str) -> Session | None:
        for _ in range(_MOST_IDS):
            kept = [await self._one_time.get(place, session) for place in _PLACES]
            read = [_opened(each) for each in kept if each is not None]
            several = [(key, found) for key, found in read if found is not None]
            if not several:
                return None
            key, found = max(several, key=lambda each: each[1].checked_at)
            if found.id == session:
                return found if await self._lives(key) else None
            # What an earlier id leads to may have changed since.
            session = found.id
        return None

    async def _lives(self, key: bytes) -> bool:
        stored, now = await self._store.get(key), self._clock()
        return stored is not None and now < min(stored.expires_at, stored.seen_at + self._idle_timeout)


def _opened(content: bytes) -> tuple[bytes, Session | None]:
    found = json.loads(content)
    return bytes.fromhex(found["key"]), decode_session(found["session"].encode("ascii"))
