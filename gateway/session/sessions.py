"""Opens, makes and ends sessions, and judges whether one still holds. It knows nothing of how people log in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from cachetools import TTLCache

from gateway.errors import StoreUnavailable
from gateway.model import Identity, Tokens
from gateway.session.codec import Session, decode, encode
from gateway.session.one_time import OneTimeStore
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from gateway.session.stores import open_store
from gateway.session.ticket import SessionCipher, is_ticket, new_ticket

__all__ = ["Session", "Sessions"]

log = structlog.get_logger()
_SWEEP_SECONDS: Final = 300.0
_TOUCH_SECONDS: Final = 60.0
# How long an earlier ticket leads to the one that came in its place: requests that were under way still hold it.
_MOVED_SECONDS: Final = 60.0
_MOVED: Final = "moved"


@dataclass(slots=True)
class _Opened:
    session: Session
    seen_at: float
    written_at: float


def _access(identity: Identity) -> tuple[object, ...]:
    """What decides about access: where this changes, the session gets a new ticket."""
    return (identity.rights, identity.organisation, identity.doelgroep, identity.acr, identity.claims)


def session_id(key: bytes) -> str:
    """The public name of a session: it opens nothing."""
    return key.hex()[:16]


class Sessions:
    """The sessions of one environment. `secure` says whether the site is reached over https.

    `clock` is the time of day; `steady` never goes back and counts how long something is remembered here. `ended` hears the id of each session that was ended in this process.
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
        ended: Callable[[str], None] = lambda _session_id: None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._secure = secure
        self._clock = clock
        self._told = ended
        self._store = (
            store if store is not None else open_store(settings, environment=environment, clock=clock)
        )
        self._seals: SessionCipher | None = None
        self.notes = OneTimeStore(self._store, self._ready, clock)
        self.cookie_prefix = f"{'__Host-' if secure else ''}tgp-{environment}-"
        self.cookie_name = f"{self.cookie_prefix}session"
        steady = steady or clock
        self._opened: TTLCache[str, _Opened] = TTLCache(settings.cache_size, settings.cache_ttl, timer=steady)
        self._ended: TTLCache[str, bool] = TTLCache(settings.cache_size, 60.0, timer=steady)
        self._moved: TTLCache[str, str] = TTLCache(settings.cache_size, _MOVED_SECONDS, timer=steady)
        self._opening: dict[str, asyncio.Task[_Opened | None]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._touch_after = min(_TOUCH_SECONDS, settings.idle_timeout / 4)

    async def start(self, *, sweep: bool = True) -> None:
        """Read the keys and open the store. Raises ValueError for a key, StoreUnavailable for the store.

        `sweep` says whether this process removes what ended from the store, every few minutes.
        """
        secrets = (self._settings.key, *self._settings.previous_keys)
        self._seals = SessionCipher(self._environment, tuple(secret.read() for secret in secrets))
        await self._store.start()
        if sweep:
            self._sweeper = asyncio.create_task(self._sweep_for_ever())

    async def aclose(self) -> None:
        """Finish what is being written down, stop the rest, and close the store."""
        stopped = [*self._opening.values(), *([self._sweeper] if self._sweeper is not None else [])]
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)
        await self.settle()
        self._opened.clear()
        await self._store.aclose()

    async def settle(self) -> None:
        """Wait until the store knows all that happened to sessions so far: what is written behind a request's back."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def check(self) -> None:
        """Ask the store for a session that does not exist. Raises StoreUnavailable."""
        await self._store.get(bytes(32))

    async def open(self, ticket: str) -> Session | None:
        """The session of this ticket while it holds, else None. No I/O where it was opened shortly before.

        Raises StoreUnavailable when the store has to be asked and does not answer.
        """
        opened = await self._holding(ticket)
        if opened is None:
            return None
        now = self._clock()
        # A clock that was set back and forth again must end no session.
        opened.seen_at = max(opened.seen_at, now)
        if now - opened.written_at >= self._touch_after:
            opened.written_at = now
            self._later(self._touch(self.successor(ticket) or ticket, now))
        return opened.session

    async def look(self, ticket: str) -> tuple[Session, float] | None:
        """(the session, when it ends for want of use) without using it, else None. Raises StoreUnavailable."""
        opened = await self._holding(ticket)
        return (opened.session, opened.seen_at + self._settings.idle_timeout) if opened is not None else None

    async def reload(self, ticket: str) -> Session | None:
        """The session as the store has it now, whatever is remembered here. Raises StoreUnavailable."""
        earlier = self._opened.pop(self.successor(ticket) or ticket, None)
        opened = await self._holding(ticket)
        if opened is None:
            return None
        if earlier is not None:
            opened.seen_at = max(opened.seen_at, earlier.seen_at)
        return opened.session

    def successor(self, ticket: str) -> str | None:
        """The ticket that came in place of this one a moment ago, as far as it was opened here."""
        return self._moved.get(ticket)

    async def create(
        self, identity: Identity, tokens: Tokens | None = None, *, replaces: str | None = None
    ) -> tuple[Session, str]:
        """(session, its ticket) for somebody who just logged in. The session of the ticket `replaces` ends.

        Raises StoreUnavailable.
        """
        now = self._clock()
        ticket = new_ticket()
        ends = now + self._settings.max_lifetime
        session = Session(self._id(ticket), identity, now, ends, tokens, checked_at=now)
        await self._store.put(self._kept(ticket, session, now))
        self._opened[ticket] = _Opened(session, now, now)
        if replaces is not None:
            await self.end(replaces)
        return session, ticket

    async def renew(self, ticket: str, session: Session, identity: Identity) -> tuple[Session, str] | None:
        """(session, its ticket) after the provider was asked again; None where the session ended meanwhile.

        `session` is as it should be from now on, but for its identity: where that may do other things, the ticket
        is a new one, and the earlier one leads to it for a minute. Raises StoreUnavailable.
        """
        seals = self._ready()
        now = self._clock()
        opened = self._opened.get(ticket)
        seen_at = opened.seen_at if opened is not None else now
        changed = _access(identity) != _access(session.identity)
        fresh = new_ticket() if changed else ticket
        renewed = replace(session, id=self._id(fresh), identity=identity)
        if changed:
            await self.notes.hold(_MOVED, ticket, fresh.encode("ascii"), seconds=_MOVED_SECONDS)
        if not await self._store.swap(seals.store_key(ticket), self._kept(fresh, renewed, seen_at)):
            self._opened.pop(ticket, None)
            return None
        if changed:
            self._opened.pop(ticket, None)
            self._moved[ticket] = fresh
        if fresh not in self._ended:
            self._opened[fresh] = _Opened(renewed, seen_at, seen_at)
        return renewed, fresh

    async def end(self, ticket: str) -> Session | None:
        """End the session of this ticket here and in the store; the session that ended, if there was one.

        Raises StoreUnavailable: a logout that did not reach the store is none.
        """
        if not is_ticket(ticket):
            return None
        opened = await self._holding(ticket)
        ticket = self.successor(ticket) or ticket
        # A request that is reading this very session now must not bring it back to the cache.
        self._ended[ticket] = True
        self._opened.pop(ticket, None)
        if not await self._store.delete(self._ready().store_key(ticket)):
            # A recheck may have put another ticket in its place a moment ago: the logout counts all the same.
            moved = await self.notes.held(_MOVED, ticket)
            if moved is not None:
                return await self.end(moved.decode("ascii"))
        self._told(self._id(ticket))
        return opened.session if opened is not None else None

    async def find(
        self, *, subject: str | None = None, organisation: str | None = None, sid: str | None = None
    ) -> list[StoredSession]:
        """The sessions to which all that is given applies, oldest first; all where nothing is.

        Raises StoreUnavailable.
        """
        seals = self._ready()
        wanted = {"subject": subject, "organisation": organisation, "sid": sid}
        given = {kind: value for kind, value in wanted.items() if value is not None}
        if not given:
            return await self._store.find()
        hashed = {kind: seals.indexes(kind, value) for kind, value in given.items()}
        found = [
            await self._store.find(**{kind: each[number] for kind, each in hashed.items()})
            for number in range(len(next(iter(hashed.values()))))
        ]
        return sorted((kept for each in found for kept in each), key=lambda kept: kept.created_at)

    async def revoke(self, found: Iterable[StoredSession]) -> list[str]:
        """End these sessions; the ids of those that were still there. Other processes see it within `cache_ttl`.

        Raises StoreUnavailable.
        """
        gone = [session_id(kept.key) for kept in found if await self._store.delete(kept.key)]
        for ticket, opened in list(self._opened.items()):
            if opened.session.id in gone:
                self._ended[ticket] = True
                self._opened.pop(ticket, None)
        for name in gone:
            self._told(name)
        return gone

    @property
    def idle_timeout(self) -> float:
        """Seconds without a request after which a session ends."""
        return self._settings.idle_timeout

    def set_cookie(self, ticket: str) -> str:
        """The Set-Cookie value that gives the browser its ticket (a cookie of the browser session)."""
        return f"{self.cookie_name}={ticket}; {self._attributes()}"

    def clear_cookie(self) -> str:
        """The Set-Cookie value that takes the ticket away."""
        return f"{self.cookie_name}=; Max-Age=0; {self._attributes()}"

    def _attributes(self) -> str:
        return f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if self._secure else ''}"

    def _ready(self) -> SessionCipher:
        if self._seals is None:
            raise StoreUnavailable("sessions are not started")
        return self._seals

    def _id(self, ticket: str) -> str:
        return session_id(self._ready().store_key(ticket))

    def _kept(self, ticket: str, session: Session, seen_at: float) -> StoredSession:
        seals = self._ready()
        identity = session.identity
        sid = session.tokens.sid if session.tokens is not None else None
        organisation = identity.organisation.code if identity.organisation else ""
        return StoredSession(
            key=seals.store_key(ticket),
            sealed=seals.seal(ticket, encode(session)),
            created_at=session.created_at,
            seen_at=seen_at,
            expires_at=session.expires_at,
            subject=seals.index("subject", identity.subject),
            organisation=seals.index("organisation", organisation),
            sid=seals.index("sid", sid) if sid else b"",
        )

    async def _holding(self, ticket: str) -> _Opened | None:
        """The session of this ticket where it holds at this moment."""
        opened = self._opened.get(ticket)
        if opened is None:
            if not is_ticket(ticket):
                return None
            ticket = self._moved.get(ticket, ticket)
            opened = self._opened.get(ticket) or await self._fetch(ticket)
            if opened is None:
                return None
        now = self._clock()
        if opened.session.expires_at <= now or opened.seen_at + self._settings.idle_timeout <= now:
            self._opened.pop(ticket, None)
            self._later(self._forget(ticket))
            return None
        return opened

    async def _fetch(self, ticket: str) -> _Opened | None:
        # Many requests of one page arrive at once: one of them asks the store, the others wait for its answer.
        task = self._opening.get(ticket)
        if task is None:
            task = asyncio.create_task(self._read(ticket))
            self._opening[ticket] = task
            task.add_done_callback(lambda _done: self._opening.pop(ticket, None))
        return await asyncio.shield(task)

    async def _read(self, ticket: str) -> _Opened | None:
        seals = self._ready()
        kept = await self._store.get(seals.store_key(ticket))
        if kept is None:
            moved = await self.notes.held(_MOVED, ticket)
            if moved is None:
                return None
            earlier, ticket = ticket, moved.decode("ascii")
            kept = await self._store.get(seals.store_key(ticket))
            if kept is None:
                return None
            self._moved[earlier] = ticket
        plain = seals.open(ticket, kept.sealed)
        session = decode(plain) if plain is not None else None
        if session is None:
            log.warning("a stored session cannot be opened", session=session_id(kept.key))
            return None
        if ticket in self._ended:
            return None
        opened = self._opened[ticket] = _Opened(session, kept.seen_at, kept.seen_at)
        return opened

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _touch(self, ticket: str, now: float) -> None:
        try:
            await self._store.touch(self._ready().store_key(ticket), now)
        except StoreUnavailable as trouble:
            log.warning("the use of a session was not written down", reason=trouble.detail)

    async def _forget(self, ticket: str) -> None:
        try:
            await self._store.delete(self._ready().store_key(ticket))
        except StoreUnavailable as trouble:
            log.warning("an ended session was not removed", reason=trouble.detail)

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                now = self._clock()
                await self._store.sweep(expired_before=now, idle_before=now - self._settings.idle_timeout)
            except StoreUnavailable as trouble:
                log.warning("expired sessions were not removed", reason=trouble.detail)
            await asyncio.sleep(_SWEEP_SECONDS)
