"""Ends the sessions of somebody, also one that a recheck gives another ticket at that very moment: a logout wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.session.sessions import Sessions
from gateway.session.store import StoredSession

_TRIES: Final = 5


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
    ended: list[str] = []
    for _ in range(_TRIES):
        # Looks again until none is left: a session that was moved after it was found lives under another key.
        found = [each for each in await sessions.find(subject=subject, sid=sid) if which(each)]
        if not found:
            break
        ended += await sessions.revoke(found)
    return ended
