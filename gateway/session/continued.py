"""With which ticket goes on what is under way while its own is replaced: a download, an upload, a stream of events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from gateway.session.cache import PeekedSession
from gateway.session.codec import Session
from gateway.session.one_time import OneTimeStore
from gateway.session.ticket import binding_of, is_ticket

_KIND: Final = "continued"


class ContinuedTickets:
    """Those of one environment; each method raises StoreUnavailable. `peek` looks at the session of a ticket.

    New requests never go on like this: whoever has a ticket from before a login has nothing.
    """

    def __init__(
        self, one_time: OneTimeStore, peek: Callable[[str], Awaitable[PeekedSession | None]]
    ) -> None:
        self._one_time = one_time
        self._peek = peek

    async def note(self, earlier: str, later: str, *, seconds: float) -> None:
        """What is under way with `earlier` goes on with `later`, unless that one needs the proof of a key and `earlier` did not."""
        if binding_of(later) and not binding_of(earlier):
            return
        await self._one_time.replace(_KIND, earlier, later.encode("ascii"), seconds=seconds)

    async def hand_over(self, earlier: str, session: Session, ticket: str) -> bool:
        """Let what is under way with an `earlier` ticket go on with that of a new session, if the same person goes on for the
        same organisation; whether that is so.
        """
        found = await self.find(earlier) if is_ticket(earlier) else None
        if found is None or found[1].session.identity.acts_as != session.identity.acts_as:
            return False
        # Of two logins at the same time the later one counts: the browser most likely keeps its ticket.
        await self.note(found[0], ticket, seconds=session.expires_at - session.created_at)
        return True

    async def find(self, ticket: str, *, moved: bool = False) -> tuple[str, PeekedSession] | None:
        """(ticket, session) for what began with this ticket, without using it. `moved`: it is a later one already."""
        while moved or (found := await self._peek(ticket)) is None:
            later = await self._one_time.get(_KIND, ticket)
            if later is None:
                found = await self._peek(ticket) if moved else None
                break
            ticket, moved = later.decode("ascii"), True
        return (ticket, found) if found is not None else None
