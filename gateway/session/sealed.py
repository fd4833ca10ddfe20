"""Between sessions and the store: sessions go in as sealed bytes under hashed keys, and come out opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from gateway.errors import StoreUnavailable
from gateway.session.cache import OpenedSession
from gateway.session.codec import decode_session, encode_session
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from gateway.session.stores import open_store
from gateway.session.ticket import SessionCipher, Ticket

log = structlog.get_logger()


class SealedSessions:
    """The stored sessions of one environment. Every method but the first raises StoreUnavailable.

    `clock` gives seconds since the epoch; without a `store` the one of the settings is used, which is made where it is
    not there, unless `make` is false.
    """

    def __init__(
        self,
        settings: SessionSettings,
        environment: str,
        *,
        clock: Callable[[], float],
        store: Store | None = None,
        make: bool = True,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self.store = store or open_store(settings, environment=environment, clock=clock, make=make)
        self._cipher: SessionCipher | None = None

    async def start(self) -> None:
        """Read the keys and open the store. Raises ValueError for a key, StoreUnavailable for the store."""
        self.use_keys(self._settings.ring.octets())
        await self.store.start()

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal with the first of these keys from now on, and open what any of them sealed."""
        self._cipher = SessionCipher(self._environment, tuple(keys))

    async def aclose(self) -> None:
        """Close the store."""
        await self.store.aclose()

    def cipher(self) -> SessionCipher:
        """The cipher of this environment."""
        if self._cipher is None:
            raise StoreUnavailable("sessions are not started")
        return self._cipher

    def ticket(self, text: str) -> Ticket:
        """The ticket with this text."""
        return self.cipher().ticket(text)

    def new_ticket(self, binding: str = "") -> Ticket:
        """A ticket for a new session, or for one that is bound to a key with this id."""
        return self.cipher().new_ticket(binding)

    async def check(self) -> str:
        """Ask the store for a session that does not exist; why it cannot be written to, "" where it can.

        Raises StoreUnavailable where it does not answer.
        """
        await self.store.get(bytes(32))
        now = self._clock()
        try:
            await self.store.put_value(b"readyz", b"", until=now + 1.0, now=now)
        except StoreUnavailable as trouble:
            return trouble.detail
        return ""

    async def read(self, ticket: Ticket) -> OpenedSession | None:
        """The session of this ticket; None where there is none, or one that cannot be opened."""
        stored = await self.store.get(ticket.key)
        if stored is None:
            return None
        plain = self.cipher().open(ticket, stored.sealed)
        session = decode_session(plain) if plain is not None else None
        if session is None:
            log.warning("a stored session cannot be opened", session=ticket.session_id)
            return None
        return OpenedSession(ticket, session, stored.seen_at, stored.seen_at)

    async def write(self, opened: OpenedSession) -> None:
        """Keep a new session."""
        await self.store.put(self._sealed(opened))

    async def swap(self, earlier: Ticket, opened: OpenedSession) -> bool:
        """Keep a session in place of the one under `earlier`, in one step; False where that one has ended."""
        return await self.store.swap(earlier.key, self._sealed(opened))

    async def touch(self, ticket: Ticket, seen_at: float) -> None:
        """Remember that a session was used."""
        await self.store.touch(ticket.key, seen_at)

    async def delete(self, key: bytes) -> bool:
        """Remove the session under this key of the store; whether there was one."""
        return await self.store.delete(key)

    async def find(
        self, *, subject: str | None = None, organisation: str | None = None, sid: str | None = None
    ) -> list[StoredSession]:
        """The sessions that match everything given, oldest first; all where nothing is given."""
        cipher = self.cipher()
        wanted = {"subject": subject, "organisation": organisation, "sid": sid}
        given = {kind: value for kind, value in wanted.items() if value is not None}
        if not given:
            return await self.store.find()
        hashed = {kind: cipher.indexes(kind, value) for kind, value in given.items()}
        found = [
            await self.store.find(**{kind: each[number] for kind, each in hashed.items()})
            for number in range(len(next(iter(hashed.values()))))
        ]
        return sorted((stored for each in found for stored in each), key=lambda stored: stored.created_at)

    async def sweep(self, now: float) -> None:
        """Remove what has expired at this moment or was not used for too long."""
        await self.store.sweep(expired_before=now, idle_before=now - self._settings.idle_timeout)

    def _sealed(self, opened: OpenedSession) -> StoredSession:
        cipher, session = self.cipher(), opened.session
        identity = session.identity
        sid = session.tokens.sid if session.tokens is not None else None
        organisation = identity.organisation.code if identity.organisation else ""
        return StoredSession(
            key=opened.ticket.key,
            sealed=cipher.seal(opened.ticket, encode_session(session)),
            created_at=session.created_at,
            seen_at=opened.seen_at,
            expires_at=session.expires_at,
            subject=cipher.index("subject", identity.subject),
            organisation=cipher.index("organisation", organisation),
            sid=cipher.index("sid", sid) if sid else b"",
        )
