"""All sessions of one person, to look at and to end one by one: the phone that was lost, the computer of a colleague."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.session.ending import end_all
from gateway.session.sessions import Session, Sessions
from gateway.session.store import StoredSession
from gateway.session.ticket import session_id

MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session of a person. `device` is a coarse name ("Firefox/Windows"), None where it is not known.

    Times are in seconds since the epoch; `seen_at` may be a minute late.
    """

    id: str
    created_at: float
    seen_at: float
    device: str | None


@dataclass(frozen=True, slots=True)
class OwnSessions:
    """Finds and ends the sessions of one person in every store. `clock` gives seconds since the epoch.

    Every method raises StoreUnavailable.
    """

    sessions: Sessions
    clock: Callable[[], float]

    async def others(self, session: Session) -> list[OwnSession]:
        """The further sessions of this person that last, the latest used first; at most `MOST_SHOWN`."""
        found = [each for each in await self._lasting(session) if session_id(each.key) != session.id]
        found.sort(key=lambda each: each.seen_at, reverse=True)
        shown = found[:MOST_SHOWN]
        summaries = await self.sessions.summaries.of([session_id(each.key) for each in shown])
        return [
            OwnSession(session_id(each.key), each.created_at, each.seen_at, summary.device)
            for each, summary in zip(shown, summaries, strict=True)
        ]

    async def end(self, session: Session, other: str) -> bool:
        """End the session with the public id `other`, if it is one of this person; whether there was one."""
        begun = {each.created_at for each in await self._lasting(session) if session_id(each.key) == other}
        if not begun:
            return False
        subject = session.identity.subject
        # By when it began: a recheck at this moment gives it another id.
        return bool(await end_all(self.sessions, lambda each: each.created_at in begun, subject=subject))

    async def _lasting(self, session: Session) -> list[StoredSession]:
        now = self.clock()
        found = await self.sessions.find(subject=session.identity.subject)
        return [
            each
            for each in found
            if each.expires_at > now and each.seen_at + self.sessions.idle_timeout > now
        ]
