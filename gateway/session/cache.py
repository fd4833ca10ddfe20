"""The sessions that this process opened a moment ago, so that requests need no store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from gateway.caching.recent import Recent
from gateway.session.codec import Session
from gateway.session.ticket import Ticket

# How long a predecessor leads to the ticket that replaced it: requests that were under way still hold it.
MOVED_SECONDS: Final = 60.0
_ENDED_SECONDS: Final = 60.0


@dataclass(slots=True)
class OpenedSession:
    """A session with its ticket. `seen_at`: when it was last used; `written_at`: the last use that the store knows.

    Times are in seconds since the epoch.
    """

    ticket: Ticket
    session: Session
    seen_at: float
    written_at: float

    def lasts(self, now: float, *, idle_timeout: float, max_lifetime: float) -> bool:
        """Whether the session goes on at this moment. One that begins later than any session lasts does not: the clock was
        set back, and nobody knows how old it is.
        """
        begun, ends = self.session.created_at, self.session.expires_at
        return now < ends and now < self.seen_at + idle_timeout and begun <= now + max_lifetime


@dataclass(frozen=True, slots=True)
class PeekedSession:
    """A session that was looked at without using it; `idle_at` is when it ends if nobody uses it (epoch seconds)."""

    session: Session
    idle_at: float


class SessionCache:
    """At most `size` opened sessions by the text of their ticket, each for `ttl` seconds.

    For `grace` seconds more they are kept aside, for a store that gives no answer. `steady` is a clock that never goes
    back. A ticket that ended does not come back, even if a request is still reading it.
    """

    def __init__(self, size: int, ttl: float, steady: Callable[[], float], grace: float = 0.0) -> None:
        self._opened: Recent[str, OpenedSession] = Recent(size, ttl, steady)
        self._aside: Recent[str, OpenedSession] | None = Recent(size, ttl + grace, steady) if grace else None
        self._ended: Recent[str, bool] = Recent(size, _ENDED_SECONDS, steady)
        self._successors: Recent[str, Ticket] = Recent(size, MOVED_SECONDS, steady)

    def get(self, text: str) -> OpenedSession | None:
        """The session under exactly this ticket."""
        return self._opened.get(text)

    def put(self, opened: OpenedSession) -> bool:
        """Remember a session; False where its ticket has ended."""
        if opened.ticket.text in self._ended:
            return False
        self._opened[opened.ticket.text] = opened
        if self._aside is not None:
            self._aside[opened.ticket.text] = opened
        return True

    def keep_on(self, text: str) -> OpenedSession | None:
        """The session that was opened within the grace, which goes on as if it were opened now."""
        opened = self._aside.get(text) if self._aside is not None else None
        if opened is not None:
            self._opened[text] = opened
        return opened

    def drop(self, text: str) -> OpenedSession | None:
        """Forget a session, which may come back from the store; what was remembered of it."""
        return self._opened.pop(text)

    def gone(self, text: str) -> None:
        """The store has no session under this ticket."""
        self.drop(text)
        if self._aside is not None:
            self._aside.pop(text)

    def end(self, text: str) -> None:
        """Forget a session for good: a request that is reading it at this moment does not bring it back."""
        self._ended[text] = True
        self.gone(text)

    def end_all(self, ids: Collection[str]) -> None:
        """End the sessions with these public ids."""
        for remembered in (self._opened, self._aside):
            for text, opened in list(remembered.items()) if remembered is not None else ():
                if opened.session.id in ids:
                    self.end(text)

    def move(self, text: str, successor: Ticket) -> None:
        """Let this ticket lead to the one that replaced it."""
        self.gone(text)
        self._successors[text] = successor

    def successor(self, text: str) -> Ticket | None:
        """The ticket that replaced this one a moment ago, as far as it was opened here."""
        return self._successors.get(text)

    def clear(self) -> None:
        """Forget all opened sessions."""
        self._opened.clear()
        if self._aside is not None:
            self._aside.clear()
