"""Ends the sessions of somebody, also one that a recheck gives another ticket at that very moment, or that a login is
about to make: a logout wins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from gateway.session.sessions import Sessions
from gateway.session.store import StoredSession
from gateway.session.ticket import session_id

_TRIES: Final = 10
_KIND: Final = "sid-ended"
# Longer than the calls to the provider between a code and the session.
_REMEMBERED_SECONDS: Final = 600.0


async def end_all(
    sessions: Sessions,
    which: Callable[[StoredSession], bool],
    *,
    subject: str | None = None,
    sid: str | None = None,
) -> list[str]:
    """The public ids of the sessions that ended: `which`, among those that match everything given.

    `which` goes by what a recheck leaves as it is. Raises StoreUnavailable.
    """
    if sid is not None:
        # Beforehand: a login that this does not find looks here once its session is there.
        now = str(sessions.clock()).encode("ascii")
        await sessions.one_time.release(_KIND, sid)
        await sessions.one_time.claim(_KIND, sid, seconds=_REMEMBERED_SECONDS, by=now)

    async def find() -> Iterable[StoredSession]:
        return filter(which, await sessions.find(subject=subject, sid=sid))

    return await end_found(sessions, find)


async def end_found(
    sessions: Sessions,
    find: Callable[[], Awaitable[Iterable[StoredSession]]],
    ended: list[str] | None = None,
) -> list[str]:
    """The public ids of the sessions that ended: all that `find` finds. Raises StoreUnavailable; what ended before is in `ended`.

    It looks again until none is left: a session that is moved after it was found lives under another key.
    """
    ended = [] if ended is None else ended
    for _ in range(_TRIES):
        found = list(await find())
        if not found:
            break
        await _end_each(sessions, found, ended)
    return ended


async def _end_each(sessions: Sessions, found: Iterable[StoredSession], ended: list[str]) -> None:
    """Add the public ids of those that were still there to `ended`. Other processes see it within `cache_ttl`."""
    asked: list[str] = []
    try:
        for stored in found:
            asked.append(session_id(stored.key))
            if await sessions.store.delete(stored.key):
                ended.append(asked[-1])
    finally:
        # Also where the store fails halfway: nobody finds again what it ended, perhaps without an answer in time.
        sessions.ended_elsewhere(asked)


async def ended_since(sessions: Sessions, sid: str, moment: float) -> bool:
    """Whether the provider ended its session `sid` after this moment (seconds since the epoch) of late.

    Raises StoreUnavailable.
    """
    found = await sessions.one_time.claimed_by(_KIND, sid)
    return found is not None and float(found) >= moment
