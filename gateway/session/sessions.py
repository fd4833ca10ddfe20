"""Opens, makes and ends sessions, and judges whether one still holds. It knows nothing of how people log in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog
from cachetools import TTLCache

from gateway.errors import StoreUnavailable
from gateway.model import Identity, Tokens
from gateway.session.codec import Session, decode, encode
from gateway.session.memory import MemoryStore
from gateway.session.settings import SessionSettings
from gateway.session.sqlite import SqliteStore
from gateway.session.store import Kept, Store
from gateway.session.ticket import Seals, is_ticket, new_ticket

__all__ = ["Session", "Sessions", "open_store"]

log = structlog.get_logger()
_SWEEP_SECONDS: Final = 300.0
_TOUCH_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Opened:
    session: Session
    seen_at: float
    written_at: float


def open_store(settings: SessionSettings) -> Store:
    """The store that the settings name, not yet started."""
    place = settings.store
    if place.kind == "sqlite" and place.path is not None:
        return SqliteStore(place.path)
    if place.kind == "memory":
        return MemoryStore()
    raise ValueError(f"the session store {place} is not available in this version: use sqlite:PATH")


class Sessions:
    """The sessions of one environment. `secure` says whether the site is reached over https."""

    def __init__(
        self,
        settings: SessionSettings,
        *,
        environment: str,
        secure: bool,
        clock: Callable[[], float],
        store: Store | None = None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._secure = secure
        self._clock = clock
        self._store = store if store is not None else open_store(settings)
        self._seals: Seals | None = None
        self.cookie_prefix = f"{'__Host-' if secure else ''}tgp-{environment}-"
        self.cookie_name = f"{self.cookie_prefix}session"
        self._opened: TTLCache[str, _Opened] = TTLCache(settings.cache_size, settings.cache_ttl, timer=clock)
        self._ended: TTLCache[str, bool] = TTLCache(settings.cache_size, 60.0, timer=clock)
        self._opening: dict[str, asyncio.Task[_Opened | None]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._touch_after = min(_TOUCH_SECONDS, settings.idle_timeout / 4)

    async def start(self) -> None:
        """Read the keys and open the store. Raises ValueError for a key, StoreUnavailable for the store."""
        secrets = (self._settings.key, *self._settings.previous_keys)
        self._seals = Seals(self._environment, tuple(secret.read() for secret in secrets))
        await self._store.start()
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
        opened = self._opened.get(ticket)
        if opened is None:
            if not is_ticket(ticket):
                return None
            opened = await self._fetch(ticket)
            if opened is None:
                return None
        now = self._clock()
        session = opened.session
        if session.expires_at <= now or opened.seen_at + self._settings.idle_timeout <= now:
            self._opened.pop(ticket, None)
            self._later(self._forget(ticket))
            return None
        opened.seen_at = now
        if now - opened.written_at >= self._touch_after:
            opened.written_at = now
            self._later(self._touch(ticket, now))
        return session

    async def create(
        self, identity: Identity, tokens: Tokens | None = None, *, replaces: str | None = None
    ) -> tuple[Session, str]:
        """(session, its ticket) for somebody who just logged in. The session of the ticket `replaces` ends.

        Raises StoreUnavailable.
        """
        seals = self._ready()
        now = self._clock()
        ticket = new_ticket()
        key = seals.store_key(ticket)
        session = Session(key.hex()[:16], identity, now, now + self._settings.max_lifetime, tokens)
        await self._store.put(self._kept(seals, ticket, session, now))
        self._opened[ticket] = _Opened(session, now, now)
        if replaces is not None:
            await self.end(replaces)
        return session, ticket

    async def end(self, ticket: str) -> Session | None:
        """End the session of this ticket here and in the store; the session that ended, if there was one.

        Raises StoreUnavailable: a logout that did not reach the store is none.
        """
        if not is_ticket(ticket):
            return None
        # A request that is reading this very session now must not bring it back to the cache.
        self._ended[ticket] = True
        opened = self._opened.pop(ticket, None)
        await self._store.delete(self._ready().store_key(ticket))
        return opened.session if opened is not None else None

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

    def _ready(self) -> Seals:
        if self._seals is None:
            raise StoreUnavailable("sessions are not started")
        return self._seals

    def _kept(self, seals: Seals, ticket: str, session: Session, seen_at: float) -> Kept:
        identity = session.identity
        organisation = identity.organisation.code if identity.organisation else ""
        return Kept(
            key=seals.store_key(ticket),
            sealed=seals.seal(ticket, encode(session)),
            created_at=session.created_at,
            seen_at=seen_at,
            expires_at=session.expires_at,
            subject=seals.index("subject", identity.subject),
            organisation=seals.index("organisation", organisation),
        )

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
            return None
        plain = seals.open(ticket, kept.sealed)
        session = decode(plain) if plain is not None else None
        if session is None:
            log.warning("a stored session cannot be opened", session=kept.key.hex()[:16])
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
