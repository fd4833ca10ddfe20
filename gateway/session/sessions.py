"""The life of sessions: made at a login, opened by requests, renewed after a recheck, ended by a logout or by time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from operator import methodcaller
from typing import Final

from gateway.caching.single_flight import SingleFlight
from gateway.cookies import Cookie, cookie_prefix
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent, SessionEnded, ignore
from gateway.model import Identity, Tokens
from gateway.session.bindings import Bindings, bound_since
from gateway.session.board import Board
from gateway.session.cache import MOVED_SECONDS, OpenedSession, PeekedSession, SessionCache
from gateway.session.codec import Session
from gateway.session.continued import ContinuedTickets
from gateway.session.holder import REMEMBERED_SECONDS, Holder, Holders
from gateway.session.live import LiveSessions
from gateway.session.one_time import OneTimeStore
from gateway.session.sealed import SealedSessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from gateway.session.summary import PersonNames, SessionSummaries
from gateway.session.ticket import binding_of, is_ticket
from gateway.session.upkeep import Upkeep

__all__ = ["PeekedSession", "Session", "Sessions"]

_TOUCH_SECONDS: Final = 60.0
_MOVED: Final = "moved"


def _access(identity: Identity) -> tuple[object, ...]:
    """What decides about access: where this changes, the session gets a new ticket."""
    return (
        identity.rights,
        identity.organisation,
        identity.doelgroep,
        identity.acr,
        identity.claims,
        identity.bound,
    )


class Sessions:
    """The sessions of one environment. `secure` says whether the site is reached over https.

    `clock` is the time of day (epoch seconds); `steady` never goes back and counts how long sessions are cached.
    Tickets are given as text, as in the cookie. Methods that need the store raise StoreUnavailable when it
    does not answer.

    `names` gives, once started, the pseudonyms by which operators know people. Without `make` the store must be there.
    `findable`: sessions are found by their public ids too (`live`).
    """

    def __init__(
        self,
        settings: SessionSettings,
        *,
        environment: str,
        secure: bool,
        clock: Callable[[], float],
        steady: Callable[[], float] | None = None,
        store: Store | None = None,
        make: bool = True,
        names: Callable[[], PersonNames] | None = None,
        findable: bool = False,
        on_event: OnEvent = ignore,
    ) -> None:
        self._settings = settings
        self.clock = clock
        self._on_event = on_event
        self._stored = SealedSessions(settings, environment, clock=clock, store=store, make=make)
        self._cache = SessionCache(
            settings.cache_size, settings.cache_ttl, steady or clock, settings.store_grace
        )
        self._reading = SingleFlight[str, OpenedSession | None]()
        self._upkeep = Upkeep(self._stored, clock=clock, on_event=on_event)
        self._touch_after = min(_TOUCH_SECONDS, settings.idle_timeout / 4)
        self._cookie = Cookie.of(environment, "session", secure=secure)
        self.cookie_prefix = cookie_prefix(environment, secure=secure)
        self.cookie_name = self._cookie.name
        self.store = self._stored.store
        self.one_time = OneTimeStore(self.store, self._stored.cipher, clock, environment=environment)
        self.board = Board(self.store, self._stored.cipher, clock)
        own = (self._cookie, environment, self._stored.cipher, self.one_time, clock, on_event)
        self.bindings = Bindings(settings.bound, *own) if settings.bound is not None else None
        self.ticket: Callable[[Mapping[str, str]], str | None] = (
            self.bindings.ticket if self.bindings is not None else methodcaller("get", self.cookie_name)
        )
        """The ticket among a browser's cookies with which it may do something."""
        self.summaries = SessionSummaries(self.one_time, names)
        self.continued = ContinuedTickets(self.one_time, self.peek)
        self._holders = Holders(self.one_time, seconds=settings.max_lifetime + REMEMBERED_SECONDS)
        self.live: LiveSessions | None = None
        if findable:
            self.live = LiveSessions(self.store, self.one_time, settings, clock, steady or clock)

    async def start(self, *, sweep: bool = True) -> None:
        """Read the keys and open the store. Raises ValueError for a key, StoreUnavailable for the store.

        `sweep` says whether this process removes what ended from the store, every few minutes.
        """
        await self._stored.start()
        self.summaries.start()
        if sweep:
            self._upkeep.start_sweeping()

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal sessions with the first of these keys from now on; those under any of them go on."""
        self._stored.use_keys(keys)

    async def aclose(self) -> None:
        """Finish what is being written, stop the rest, and close the store."""
        await self._reading.cancel()
        await self._upkeep.aclose()
        self._cache.clear()
        await self._stored.aclose()

    async def settle(self) -> None:
        """Wait until the store knows all that happened to sessions so far, also behind a request's back."""
        await self._upkeep.settle()

    async def check(self) -> str:
        """Why the store cannot be written to, "" where it can. Raises StoreUnavailable where it does not answer."""
        return await self._stored.check()

    async def open(self, ticket: str) -> Session | None:
        """The session of this ticket while it lasts, and count it as used. No I/O where it was opened a moment ago."""
        opened = await self._lasting(ticket)
        return self._used(opened) if opened is not None else None

    def open_cached(self, ticket: str, *, use: bool = True) -> Session | None:
        """The same without waiting, where the session was opened here a moment ago; None for all others.

        `use` says whether that counts as using it.
        """
        opened = self._cache.get(ticket)
        if opened is None or not self._lasts(opened):
            return None
        return self._used(opened) if use else opened.session

    def _used(self, opened: OpenedSession) -> Session:
        now = self.clock()
        # A clock that was set back and forth again must end no session.
        opened.seen_at = max(opened.seen_at, now)
        if now - opened.written_at >= self._touch_after:
            opened.written_at = now
            self._upkeep.touch(opened.ticket, now)
        return opened.session

    async def peek(self, ticket: str) -> PeekedSession | None:
        """The session of this ticket while it lasts, without using it."""
        opened = await self._lasting(ticket)
        if opened is None:
            return None
        return PeekedSession(opened.session, opened.seen_at + self._settings.idle_timeout)

    async def reload(self, ticket: str) -> Session | None:
        """The session as the store has it now, whatever is cached here."""
        earlier = self._cache.drop(self.successor(ticket) or ticket)
        opened = await self._lasting(ticket)
        if opened is None:
            return None
        if earlier is not None:
            opened.seen_at = max(opened.seen_at, earlier.seen_at)
        return opened.session

    async def holder(self, ticket: str) -> Holder | None:
        """Whose session this ticket opens or opened, also days after it ended; None for any other text.

        No I/O for a ticket that this environment did not give out.
        """
        return await self._holders.of(ticket) if self.issued(ticket) else None

    def issued(self, ticket: str) -> bool:
        """Whether this environment gave out this ticket, whatever became of its session since. No I/O."""
        return self._stored.cipher().issued(ticket)

    def successor(self, ticket: str) -> str | None:
        """The ticket that replaced this one a moment ago, as far as it was opened here."""
        successor = self._cache.successor(ticket)
        return successor.text if successor is not None else None

    async def create(
        self,
        identity: Identity,
        tokens: Tokens | None = None,
        *,
        replaces: str | None = None,
        device: str | None = None,
    ) -> tuple[Session, str]:
        """(session, its ticket) for somebody who just logged in on this `device`. The session of the ticket `replaces`
        ends."""
        now = self.clock()
        ticket = self._stored.new_ticket()
        ends = now + self._settings.max_lifetime
        session = Session(ticket.session_id, identity, now, ends, tokens, checked_at=now, device=device)
        opened = OpenedSession(ticket, session, now, now)
        await self._stored.write(opened)
        await self._holders.remember(ticket.text, identity)
        await self.summaries.keep(session, now)
        if self.live is not None:
            await self.live.keep(session, ticket.key)
        self._cache.put(opened)
        if replaces is not None:
            goes_on = await self.continued.hand_over(
                self.successor(replaces) or replaces, session, ticket.text
            )
            await self.end(replaces, replaced=goes_on)
        return session, ticket.text

    async def renew(
        self, ticket: str, session: Session, identity: Identity, *, leads_for: float = MOVED_SECONDS
    ) -> tuple[Session, str] | None:
        """(session, its ticket) after the provider was asked again; None where the session ended meanwhile.

        `session` is as it should be from now on, except for its identity. Where the new `identity` may do other things,
        the ticket is a new one, and the earlier one leads to it for `leads_for` seconds.
        """
        cached = self._cache.get(ticket)
        earlier = cached.ticket if cached is not None else self._stored.ticket(ticket)
        known = cached or await self._stored.read(earlier)
        seen_at = known.seen_at if known is not None else self.clock()
        binding = session.binding
        identity = replace(identity, bound=binding is not None)
        changed = _access(identity) != _access(session.identity)
        fresh = self._stored.new_ticket(binding.id if binding is not None else "") if changed else earlier
        renewed = replace(session, id=fresh.session_id, identity=identity)
        opened = OpenedSession(fresh, renewed, seen_at, seen_at)
        if changed:
            # In place of one that an unfinished attempt left.
            await self.one_time.replace(_MOVED, ticket, fresh.text.encode("ascii"), seconds=leads_for)
            await self._holders.remember(fresh.text, identity)
            await self.summaries.keep(renewed, self.clock())
        if not await self._stored.swap(earlier, opened):
            self._cache.gone(ticket)
            return None
        if self.live is not None:
            await self.live.keep(renewed, fresh.key, earlier=session.id)
        if changed:
            self._cache.move(ticket, fresh)
        self._cache.put(opened)
        if changed:
            with suppress(StoreUnavailable):  # what is under way ends then
                await self.continued.note(ticket, fresh.text, seconds=session.expires_at - self.clock())
        return renewed, fresh.text

    async def end(self, ticket: str, *, replaced: bool = False) -> Session | None:
        """End the session of this ticket here and in the store; the session that ended, if there was one.

        `replaced`: what is under way goes on with another one. Raises StoreUnavailable: a logout that did not reach the
        store does not count as one.
        """
        if not is_ticket(ticket):
            return None
        opened = await self._lasting(ticket)
        current = self._cache.successor(ticket) or self._stored.ticket(ticket)
        self._cache.end(current.text)
        if not await self._stored.delete(current.key):
            # A recheck may have put another ticket in its place a moment ago: the logout counts all the same.
            moved = await self.one_time.get(_MOVED, current.text)
            if moved is not None:
                return await self.end(moved.decode("ascii"), replaced=replaced)
        self._on_event(SessionEnded(current.session_id, replaced))
        return opened.session if opened is not None else None

    async def find(
        self, *, subject: str | None = None, organisation: str | None = None, sid: str | None = None
    ) -> list[StoredSession]:
        """The sessions that match everything given, oldest first; all where nothing is given."""
        return await self._stored.find(subject=subject, organisation=organisation, sid=sid)

    def ended_elsewhere(self, ids: Sequence[str]) -> None:
        """Forget sessions, by their public ids, that are no longer in the store."""
        self._cache.end_all(ids)
        for each in ids:
            self._on_event(SessionEnded(each))

    @property
    def idle_timeout(self) -> float:
        """Seconds without a request after which a session ends."""
        return self._settings.idle_timeout

    def set_cookie(self, ticket: str) -> str:
        """The Set-Cookie value that gives the browser its ticket, until it closes."""
        return self._cookie.set(ticket)

    def clear_cookie(self) -> str:
        """The Set-Cookie value that removes the ticket."""
        return self._cookie.clear()

    def clear_cookies(self) -> tuple[str, ...]:
        """The Set-Cookie values that remove the ticket, and the proof of a bound session."""
        proof = (self.bindings.clear_cookie(),) if self.bindings is not None else ()
        return (self.clear_cookie(), *proof)

    async def _lasting(self, ticket: str) -> OpenedSession | None:
        """The session of this ticket where it lasts at this moment."""
        opened = self._cache.get(ticket)
        if opened is None:
            if not is_ticket(ticket) or (self.bindings is None and binding_of(ticket)):
                return None
            current = self.successor(ticket) or ticket
            opened = self._cache.get(current) or await self._reading.run(current, lambda: self._read(current))
            if opened is None or bound_since(ticket, opened.session, self.clock()):
                return None
        return opened if self._lasts(opened) else None

    def _lasts(self, opened: OpenedSession) -> bool:
        idle_timeout, max_lifetime = self._settings.idle_timeout, self._settings.max_lifetime
        if not opened.lasts(self.clock(), idle_timeout=idle_timeout, max_lifetime=max_lifetime):
            self._cache.drop(opened.ticket.text)
            self._upkeep.forget(opened.ticket)
            return False
        return True

    async def _read(self, text: str) -> OpenedSession | None:
        try:
            opened = await self._stored.read(self._stored.ticket(text))
        except StoreUnavailable:
            if (opened := self._cache.keep_on(text)) is None:
                raise
            return opened
        if opened is None:
            self._cache.gone(text)
            opened = await self._moved_to(text)
        if opened is None:
            return None
        replaced = self.successor(opened.ticket.text)
        if replaced is not None:  # while it was read here
            return await self._read(replaced)
        return opened if self._cache.put(opened) else None

    async def _moved_to(self, text: str) -> OpenedSession | None:
        """The session under the ticket that replaced this one, perhaps in another process."""
        moved = await self.one_time.get(_MOVED, text)
        if moved is None:
            return None
        successor = self._stored.ticket(moved.decode("ascii"))
        opened = await self._stored.read(successor)
        if opened is not None:
            self._cache.move(text, successor)
        return opened
